"""The benchmark's contenders give the same numbers, and its tables what they promise."""

import json
from pathlib import Path

import pytest
import torch

from benchmarks.__main__ import bench_inference_flops, main
from benchmarks.inputs import bench_network
from benchmarks.public_conventions import Conventions, single_conventions
from benchmarks.train_step import contenders, train_step
from evaluation.ablation.random_batch import ClipShape, random_batch
from model.contracts import NetworkConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.presets import network_preset, recipe_preset


@pytest.fixture(autouse=True)
def _from_the_project_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])


@pytest.mark.parametrize("recipe", ["paper", "released"])
def test_every_contender_gives_the_same_losses_and_gradients(recipe: str, small: NetworkConfig) -> None:
    torch.manual_seed(0)
    ours = DualStreamTransformer(small, recipe_preset(recipe))
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    batch = random_batch(small, ClipShape(64, 64, 2, batch=2), torch.device("cpu"))
    train_step(ours, batch, autocast=False)()
    wanted = {name: parameter.grad.clone() for name, parameter in ours.named_parameters() if parameter.grad is not None}
    assert len(wanted) == len(list(ours.parameters()))
    for name, (model, _) in contenders(ours).items():
        train_step(model, batch, autocast=False)()
        for key, parameter in model.named_parameters():
            assert parameter.grad is not None
            error = (parameter.grad - wanted[key]).abs().max()
            assert error <= 1e-3 * wanted[key].abs().max(), (name, key, error.item())  # both 0 where there is no pose


def test_every_shortcut_has_its_contender() -> None:
    assert all(sum(vars(conventions).values()) == 1 for conventions in single_conventions().values())
    assert len(single_conventions()) == len(vars(Conventions()))


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
def test_commands_write_their_tables(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], small: NetworkConfig
) -> None:
    out = tmp_path / "bench.json"
    changes = [f"{key}={json.dumps(value)}" for key, value in small.model_dump().items()]
    shape = ["--height", "32", "--width", "32", "--frames", "1", "--repeats", "1"]
    arguments = [verb, "--set", *changes, *shape]
    assert main([*arguments, "--out", str(out)]) == 0
    rows = json.loads(out.read_text())[verb]
    assert rows[0]["seconds_ratio"] == 1.0
    assert all(row["seconds"] > 0 for row in rows)
    assert (rows[0]["peak_mib"] is not None) is (verb == "train-step")
    assert rows[0]["name"] in capsys.readouterr().out


def test_unknown_preset_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inference-cost", "--network", "tinny"]) == 2
    assert "error: network=tinny: no such preset" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"network=tinny: no such preset; there are .*tiny"):
        network_preset("tinny")
    with pytest.raises(ValueError, match=r"--set dimm: no such field; there are dim,"):
        bench_network("scale_model", ["dimm=3"])
