"""The command that a GPU is measured with, at toy width on a CPU."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from benchmarks.__main__ import main
from benchmarks.block import WAYS, BlockBench, chosen_ways
from benchmarks.card import datasheet_tflops
from benchmarks.guided_step import GuidedRow, extrapolated
from evaluation.ablation.random_batch import ClipShape
from model.contracts import NetworkConfig
from model.presets import recipe_preset

CPU = torch.device("cpu")


def command(verb: str, small: NetworkConfig, out: Path, more: Sequence[str]) -> dict[str, list[dict[str, object]]]:
    changes = [f"{key}={json.dumps(value)}" for key, value in small.model_dump().items()]
    shape = ["--height", "32", "--width", "32", "--frames", "1", "--repeats", "1"]
    assert main([verb, "--set", *changes, *shape, *more, "--out", str(out)]) == 0
    return json.loads(out.read_text())


def test_every_way_but_the_compiled_ones_is_measured(tmp_path: Path, small: NetworkConfig) -> None:
    found = command("block", small, tmp_path / "block.json", ["--only", "asymmetric", "full"])
    wanted = [way.name for way in WAYS if not way.compiled and way.kernel is None]
    assert [row["name"] for row in found["block"]] == wanted
    assert all(row["seconds"] > 0 and row["tflops"] > 0 and row["peak_gib"] > 0 for row in found["block"])
    assert found["card"][0]["product_tflops"] > 0
    assert found["card"][0]["datasheet_tflops"] is None  # a CPU's rate is not known, so no share of it is claimed
    assert {row["datasheet_share"] for row in found["block"]} == {None}


def test_every_way_gives_the_same_gradients(small: NetworkConfig) -> None:
    """Recomputed and frozen blocks are timed on the same work: what the tokens' gradient is says so."""
    bench = BlockBench(small, recipe_preset("paper"), ClipShape(32, 32, 2), CPU)
    gradients, found = {}, []
    for way in WAYS:
        if way.backward and way.kernel is None and not way.compiled and way.mode == "asymmetric":
            torch.manual_seed(0)
            bench.run(bench.block(way), way, lambda tokens: found.append(tokens.target_BND.grad.clone()))()
            gradients[way.name] = found.pop()
    assert len(gradients) == 4
    wanted = gradients.pop("asymmetric step")
    assert wanted.abs().max() > 0
    for name, gradient in gradients.items():
        assert (gradient - wanted).norm() <= 1e-2 * wanted.norm(), name


def test_no_row_is_named() -> None:
    with pytest.raises(ValueError, match="--only sideways: no such row; there are asymmetric forward,"):
        chosen_ways(["sideways"], CPU)


def test_a_guided_step_at_three_depths(tmp_path: Path, small: NetworkConfig) -> None:
    found = command("guided-step", small, tmp_path / "guided.json", ["--depths", "1", "2"])["guided-step"]
    assert [(row["layers"], row["measured"]) for row in found] == [(1, True), (2, True), (2, False)]
    assert found[1]["teraflop"] == pytest.approx(2 * found[0]["teraflop"])


def test_a_layer_is_the_difference_of_two_depths() -> None:
    rows = [GuidedRow(4, "bf16", True, 1.0, 8.0, 8.0), GuidedRow(8, "bf16", True, 1.8, 16.0, 9.0)]
    row = extrapolated(rows, 40)
    assert (row.seconds, row.teraflop, row.measured) == (pytest.approx(8.2), 80.0, False)


def test_two_depths_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guided-step", "--network", "tiny", "--depths", "4"]) == 2
    assert "error: --depths 4: give two different ones" in capsys.readouterr().err


def test_a_cards_rate_is_found_by_its_name() -> None:
    assert datasheet_tflops("NVIDIA H100 80GB HBM3") == 989
    assert datasheet_tflops("NVIDIA H100 PCIe") == 756
    assert datasheet_tflops("NVIDIA H200") == 989
    assert datasheet_tflops("NVIDIA GeForce RTX 4090") is None
