"""The benchmark's contenders give the same numbers, and its tables what they promise."""

import json
from pathlib import Path

import pytest
import torch

from model.bench import bench_inference_flops, main
from model.bench_inputs import ClipShape, random_batch
from model.bench_reference import DENSE_MASK_REFERENCE, Habits, single_habits, with_habits
from model.contracts import NetworkConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.presets import network_preset, recipe_preset

CONTENDERS = {"reference": DENSE_MASK_REFERENCE, **single_habits()}


@pytest.fixture(autouse=True)
def _from_the_project_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])


@pytest.mark.parametrize("name", CONTENDERS)
@pytest.mark.parametrize("recipe", ["paper", "released"])
def test_the_long_way_round_gives_the_same_numbers(name: str, recipe: str, small: NetworkConfig) -> None:
    torch.manual_seed(0)
    ours = DualStreamTransformer(small, recipe_preset(recipe))
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    batch = random_batch(small, ClipShape(64, 64, 2), torch.device("cpu"))
    outputs = [
        model(batch.rgb_BCThw, batch.timestep_B, batch.conditions, batch.hoi_BCThw)
        for model in (ours, with_habits(ours, CONTENDERS[name]))
    ]
    torch.testing.assert_close(outputs[1].rgb_BCThw, outputs[0].rgb_BCThw, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(outputs[1].hoi_BCThw, outputs[0].hoi_BCThw, rtol=1e-4, atol=1e-4)


def test_every_shortcut_has_its_contender() -> None:
    assert all(sum(vars(habits).values()) == 1 for habits in single_habits().values())
    assert len(single_habits()) == len(vars(Habits()))


def test_rgb_only_inference_costs_little_more_than_the_backbone() -> None:
    """Two of the 40 layers at their true width and 480x832."""
    network = network_preset("wan_s2v_14b").model_copy(update={"layers": 2, "audio_injection_layers": [0]})
    ratio = {row.name: row.flops_ratio for row in bench_inference_flops(network, 20, (480, 832))}
    assert ratio["plain_backbone"] == 1.0
    assert 1.0 < (ratio["rgb_only_released"] or 0) <= 1.03
    assert 1.0 < (ratio["rgb_only_paper"] or 0) <= 1.01
    assert (ratio["rgb_only_paper"] or 0) < (ratio["rgb_only_paper_all_experts"] or 0)
    assert (ratio["dual_stream_paper"] or 0) > 2


@pytest.mark.parametrize("verb", ["train-step", "inference-cost"])
def test_commands_write_their_tables(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "bench.json"
    arguments = [verb, "--height", "32", "--width", "32", "--frames", "1", "--batch", "1", "--repeats", "1"]
    assert main([*arguments, "--out", str(out)]) == 0
    rows = json.loads(out.read_text())[verb]
    assert rows[0]["seconds_ratio"] == 1.0
    assert all(row["seconds"] > 0 for row in rows)
    assert (rows[0]["peak_mib"] is not None) is (verb == "train-step")
    assert rows[0]["name"] in capsys.readouterr().out


def test_unknown_preset_is_named() -> None:
    with pytest.raises(ValueError, match=r"network=tinny: no such preset; there are .*tiny"):
        network_preset("tinny")
