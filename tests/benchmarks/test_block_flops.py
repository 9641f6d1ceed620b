"""What is counted from the shapes is what torch counts of the real block, and at full width what was traced before."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.block import WAYS, BlockBench, Way
from benchmarks.block_flops import block_flops
from evaluation.ablation.random_batch import ClipShape
from model.contracts import NetworkConfig
from model.presets import network_preset, recipe_preset

META = torch.device("meta")
FLASH_BACKWARD = 2.5  # what torch counts of a flash kernel, which makes the scores again; on the meta device none runs


@pytest.mark.parametrize("recipe", ["paper", "released"])
@pytest.mark.parametrize("way", WAYS[:4], ids=lambda way: way.name)
def test_the_count_is_torchs(way: Way, recipe: str, small: NetworkConfig) -> None:
    bench = BlockBench(small, recipe_preset(recipe), ClipShape(64, 64, 2, batch=2), META)
    with FlopCounterMode(display=False) as counter:
        bench.run(bench.block(way), way)()
    flops = block_flops(small, bench.recipe, bench.shape, way.mode)
    wanted = flops.step() if way.backward else flops.forward
    assert counter.get_total_flops() == pytest.approx(wanted, rel=1e-3)


def test_frozen_weights_cost_less() -> None:
    small_way = next(way for way in WAYS if way.frozen and not way.recomputed)
    network = network_preset("tiny")
    bench = BlockBench(network, recipe_preset("paper"), ClipShape(64, 64, 2), META)
    with FlopCounterMode(display=False) as counter:
        bench.run(bench.block(small_way), small_way)()
    flops = block_flops(network, bench.recipe, bench.shape, "asymmetric")
    wanted = flops.step(frozen=True)
    assert counter.get_total_flops() == pytest.approx(wanted, rel=1e-3)
    assert wanted < flops.step()


def test_full_width_is_what_was_traced() -> None:
    """The released recipe's block at 480x832 and 81 frames: 112 and 366 TFLOP (traced, of flash kernels)."""
    network, recipe = network_preset("wan_s2v_14b"), recipe_preset("released")
    bench = BlockBench(network, recipe, ClipShape(480, 832, 20), META)
    assert (bench.shape.target, bench.shape.clean, bench.shape.hoi) == (31_200, 5_434, 31_200)
    flops = block_flops(network, recipe, bench.shape, "asymmetric")
    assert flops.forward / 1e12 == pytest.approx(112, rel=0.02)
    assert flops.step(backward_of_attention=FLASH_BACKWARD) / 1e12 == pytest.approx(366, rel=0.02)
