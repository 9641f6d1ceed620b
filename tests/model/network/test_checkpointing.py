"""Activation checkpointing changes memory, never numbers."""

from typing import Any

import pytest
import torch

from benchmarks.memory import peak_bytes
from model.contracts import AttentionMode, NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer


@pytest.mark.parametrize("mode", ["full", "asymmetric"])
def test_same_gradients_from_less_memory(
    small: NetworkConfig, recipe: RecipeConfig, make_inputs: Any, randomized: Any, mode: AttentionMode
) -> None:
    network = small.model_copy(update={"layers": 6})
    plain, inputs = randomized(network, recipe).train(), make_inputs(network, (2, 16, 16))
    frugal = DualStreamTransformer(network, recipe, checkpoint_blocks=True).train()
    frugal.load_state_dict(plain.state_dict())
    peaks: list[int] = []
    for model in (plain, frugal):

        def step(model: DualStreamTransformer = model) -> None:
            model.zero_grad()
            with torch.autocast("cpu", torch.bfloat16):
                out = model(inputs.rgb, inputs.timestep, inputs.conditions, inputs.hoi, mode)
            (out.rgb_BCThw.square().mean() + out.hoi_BCThw.square().mean() + out.router_logits_MBNE.mean()).backward()

        peaks.append(peak_bytes(step, torch.device("cpu")))
    for (name, one), two in zip(plain.named_parameters(), frugal.parameters(), strict=True):
        assert torch.equal(one.grad, two.grad), name
    assert peaks[1] < 0.6 * peaks[0]
