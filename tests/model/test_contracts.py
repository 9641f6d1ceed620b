"""Which settings of the model change no result: a field that is not among them counts."""

import pytest
from pydantic import BaseModel

from foundation.fingerprint import harmless_fields
from model.contracts import (
    DeepSpeedConfig,
    EncodingConfig,
    NetworkConfig,
    RecipeConfig,
    SamplingConfig,
    TrackingConfig,
    TrainingConfig,
)


@pytest.mark.parametrize(
    ("model", "harmless"),
    [
        (NetworkConfig, set()),
        (RecipeConfig, set()),
        (EncodingConfig, set()),
        (DeepSpeedConfig, set()),
        (SamplingConfig, {"guidance_passes"}),
        (TrackingConfig, {"uri", "experiment", "registered_model", "ledger"}),
        (
            TrainingConfig,
            {
                "checkpoint_every_steps",
                "keep_checkpoints",
                "log_every_steps",
                "initial_weights",
                "initial_adapter",
                "activation_checkpointing",
            },
        ),
    ],
)
def test_what_does_not_decide_is_said_and_nothing_else(model: type[BaseModel], harmless: set[str]) -> None:
    assert set(harmless_fields(model)) == harmless
