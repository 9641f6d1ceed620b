"""Recognisers are fitted once for all models that see clips through one codec, and anew where that differs."""

import pytest

from model.contracts import EncodedBatch, RgbArtifact, TrainingSet
from orchestration.configuration.load_config import load_config
from orchestration.steps.model_steps import recognisers_request
from tests.receipts import artifact_receipt


def _identity(artifact: RgbArtifact, encoded: str = "e") -> str:
    batch = EncodedBatch(
        batch="b", folder="f", clips=1, digest=encoded, prepared_digest="p", encoders_digest="of the encoders"
    )
    training_set = TrainingSet(
        train=(batch,), held_out=(batch,), train_digest="t", held_out_digest="h", digest="d", overlap_allowed=False
    )
    return recognisers_request(load_config(["experiment=smoke"]), artifact, training_set).identity


def test_a_model_trained_anew_reuses_them() -> None:
    assert _identity(artifact_receipt("f", "one model")) == _identity(artifact_receipt("g", "another model"))


@pytest.mark.parametrize(("conditioning", "encoded"), [("another codec", "e"), ("c", "other latents")])
def test_another_codec_or_other_clips_fit_them_anew(conditioning: str, encoded: str) -> None:
    changed = artifact_receipt("f", "one model", conditioning)
    assert _identity(changed, encoded) != _identity(artifact_receipt("f", "one model"))
