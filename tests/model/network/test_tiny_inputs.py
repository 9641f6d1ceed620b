"""The tiny preset's options: each does something, and their weights have plain names of the network."""

from typing import Any

import pytest
import torch

from model.contracts import NetworkConfig
from model.network.dual_stream_transformer import DualStreamTransformer

POSITIONS = [
    f"{table}.{axis}" for table in ("positions", "product_positions") for axis in ("time_TD", "rows_HD", "columns_WD")
]
REFERENCE = ["reference_patch.project.weight", "reference_patch.project.bias"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, []),
        ({"learned_positions": (2, 4, 4)}, POSITIONS),
        ({"add_reference_to_target": True}, REFERENCE),
        ({"pooled_text_in_modulation": True}, []),
        ({"learned_positions": (2, 4, 4), "add_reference_to_target": True}, POSITIONS + REFERENCE),
    ],
)
def test_weights_lie_where_they_always_did(
    small: NetworkConfig, read_recipe: Any, options: dict[str, Any], names: list[str]
) -> None:
    """Before the time embedding: order and names decide the bytes of trained weights."""
    network = DualStreamTransformer(small.model_copy(update=options), read_recipe("toy"))
    keys = [name for name, _ in network.named_parameters()]
    start = keys.index("motion_patches.2.project.bias") + 1
    assert keys[start : keys.index("time.embed.0.weight")] == names
    assert (network.tiny_inputs is None) == (not options)


def test_tiny_options_change_the_output(
    small: NetworkConfig, make_inputs: Any, randomized: Any, read_recipe: Any
) -> None:
    inputs = make_inputs(small, (2, 8, 8))
    options = {"learned_positions": (2, 4, 4), "add_reference_to_target": True, "pooled_text_in_modulation": True}
    outputs = []
    for changed in ({}, *({name: value} for name, value in options.items())):
        model = randomized(small.model_copy(update=changed), read_recipe("toy"))
        with torch.inference_mode():
            outputs.append(model(inputs.rgb, inputs.timestep, inputs.conditions, inputs.hoi).rgb_BCThw)
    assert not any(torch.equal(outputs[0], other) for other in outputs[1:])


def test_more_tokens_than_positions_are_refused(
    small: NetworkConfig, make_inputs: Any, randomized: Any, read_recipe: Any
) -> None:
    inputs = make_inputs(small, (2, 8, 8))
    model = randomized(small.model_copy(update={"learned_positions": (1, 4, 4)}), read_recipe("toy"))
    with pytest.raises(ValueError, match=r"clip has \(2, 4, 4\) tokens .*network.learned_positions only \(1, 4, 4\)"):
        model(inputs.rgb, inputs.timestep, inputs.conditions)
