"""The parity reader on golden files of other widths, depths, shapes and cases, written by the literal forward pass.

Shape legend: B batch, C latent channels, T latent frames, h w latent height and width.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from model.contracts import NetworkConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions
from model.weights.parity import TOLERANCE, main, released_recipe, run_golden
from model.weights.released_keys import to_released

CASE: dict[str, Any] = {"moe": True, "product": True, "motion": True, "pose": True, "hoi": None, "cond": True}
CASES: dict[str, dict[str, Any]] = {
    "rgb": {**CASE, "t": 12.5},
    "bare": {**CASE, "t": 0.0, "product": False, "motion": False, "pose": False},
    "large_product": {**CASE, "t": 777.0, "product_scale": 1.7},
    "unconditional": {**CASE, "t": 640.0, "cond": False},
    "experts_off": {**CASE, "t": 640.0, "moe": False},
    "high_noise": {**CASE, "t": 1000.0},
    "asymmetric": {**CASE, "t": 899.0, "hoi": "asym", "product_scale": 0.3},
    "full": {**CASE, "t": 300.0, "hoi": "full", "pose": False},
}


@dataclass(frozen=True)
class Variant:
    """What differs from the network of the tests."""

    changes: dict[str, Any]
    shape_BThw: tuple[int, int, int, int] = (1, 2, 8, 8)
    motion_frames: int = 19
    streams: str = "dual"
    experts: bool = True


VARIANTS = {
    "deep, three heads of 48, three samples": Variant(
        {"dim": 144, "heads": 3, "layers": 4, "audio_injection_layers": [0, 1, 3], "expert_dim": 20}, (3, 1, 16, 8)
    ),
    "one head of 96, 16 channels, little motion": Variant(
        {"dim": 96, "heads": 1, "layers": 1, "latent_channels": 16, "audio_injection_layers": [0]}, (1, 4, 10, 12), 7
    ),
    "RGB alone, other encoders": Variant(
        {"audio_layers": 1, "audio_dim": 10, "text_dim": 12, "text_tokens": 1, "frequency_dim": 32}, streams="rgb"
    ),
    "no sound injected, wide clip": Variant({"layers": 3, "audio_injection_layers": []}, (2, 2, 8, 24)),
    "no experts": Variant({"ffn_dim": 100}, experts=False),
}


@pytest.fixture(autouse=True)
def _from_the_project_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])


@pytest.mark.parametrize("name", VARIANTS)
def test_every_case_of_an_unseen_file_agrees(
    name: str, tmp_path: Path, small: NetworkConfig, literal_forward: Callable[..., dict[str, Tensor]]
) -> None:
    variant = VARIANTS[name]
    tensors, metadata = _golden(small, variant, literal_forward)
    save_file(tensors, tmp_path / "golden.safetensors", metadata)
    comparisons = run_golden(tmp_path / "golden.safetensors", released_recipe())
    assert {row.case for row in comparisons} == {
        case for case, told in CASES.items() if variant.streams == "dual" or told["hoi"] is None
    }
    assert len(comparisons) == sum(key.startswith("case.") for key in tensors)
    assert [row for row in comparisons if not row.max_relative <= TOLERANCE] == []


def test_what_cannot_be_used_is_named(
    tmp_path: Path,
    small: NetworkConfig,
    literal_forward: Callable[..., dict[str, Tensor]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    tensors, metadata = _golden(small, Variant({}), literal_forward)
    file = tmp_path / "golden.safetensors"

    def refused(message: str, without: str = "", more: dict[str, Tensor] | None = None, **changed: object) -> None:
        kept = {key: x for key, x in tensors.items() if key != without} | (more or {})
        save_file(kept, file, metadata | {key: json.dumps(x) for key, x in changed.items()})
        assert main([str(file)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert message in error

    config, cases = json.loads(metadata["config"]), json.loads(metadata["cases"])
    refused("input.pose is missing", without="input.pose")
    refused("input.context is missing", without="input.context")
    refused("case.bare.rgb is missing", without="case.bare.rgb")
    refused("case full lacks ['cond']", cases={"full": {k: x for k, x in cases["full"].items() if k != "cond"}})
    refused("case full has hoi = 'sliding'", cases={"full": {**cases["full"], "hoi": "sliding"}})
    refused("metadata lacks cases: a golden file of another version", cases={})
    refused("out_dim 8 differs from in_dim 4", config={**config, "dit": {**config["dit"], "out_dim": 8}})
    refused("'ffn_dim' is missing", config={**config, "dit": {"dim": 48, "in_dim": 4}})
    refused("case.rgb.router_logits.2", more={"case.rgb.router_logits.2": torch.zeros(1, 32, 3)})
    refused("case.rgb.depth has shape", more={"case.rgb.depth": torch.zeros(1)})
    refused("ours has shape (1, 4, 2, 8, 8)", more={"case.rgb.rgb": torch.zeros(1, 1, 3, 8, 8)})
    file.write_bytes(b"no safetensors")
    assert main([str(file)]) == 2
    assert "take an intact safetensors file" in capsys.readouterr().err


def _golden(
    small: NetworkConfig, variant: Variant, literal_forward: Callable[..., dict[str, Tensor]]
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A file's tensors and metadata."""
    network, recipe = small.model_copy(update=variant.changes), released_recipe()
    recipe = recipe if variant.experts else recipe.model_copy(update={"experts": ()})
    torch.manual_seed(1)
    model = DualStreamTransformer(network, recipe, "dual" if variant.streams == "dual" else "rgb").eval()
    for parameter in model.parameters():
        parameter.data.add_(torch.randn_like(parameter) * 0.1)
    inputs = _inputs(network, variant)
    tensors = {f"weight.{key}": x for key, x in to_released(model).items()}
    tensors |= {f"input.{key}": x for key, x in inputs.items()}
    cases = {name: told for name, told in CASES.items() if variant.streams == "dual" or told["hoi"] is None}
    for name, told in cases.items():
        off = recipe.model_copy(update={"experts_off_above": -1.0})  # a way to say: off whatever the step
        by = recipe if told["cond"] and told["moe"] else off
        hoi = None if told["hoi"] is None else inputs["depth_latents"]
        conditions, rgb_BCThw = _conditions(inputs, told), inputs["latents"][:, :, 1:]
        found = literal_forward(model, by, conditions, rgb_BCThw, hoi, t=told["t"], full=told["hoi"] == "full")
        found["rgb"] = torch.cat((inputs["latents"][:, :, :1].double(), found["rgb"]), dim=2)
        for key, x in found.items():
            tensors[f"case.{name}.{key.replace('router.', 'router_logits.')}"] = x.float().contiguous()
    return tensors, {"config": json.dumps(_config(network, variant)), "cases": json.dumps(cases)}


def _config(network: NetworkConfig, variant: Variant) -> dict[str, Any]:
    """Constructor arguments in the released names."""
    same = ("dim", "ffn_dim", "text_dim", "audio_dim", "eps")
    channels = dict.fromkeys(("in_dim", "out_dim", "cond_dim"), network.latent_channels)
    dit = channels | {name: getattr(network, name) for name in same}
    dit |= {"freq_dim": network.frequency_dim, "num_heads": network.heads, "num_layers": network.layers}
    dit |= {"patch_size": list(network.patch), "num_audio_token": network.audio_tokens_per_frame}
    dit |= {"audio_inject_layers": network.audio_injection_layers}
    return {"dit": dit, "moe": variant.experts} | ({"expert_hidden_dim": network.expert_dim} if variant.experts else {})


def _inputs(network: NetworkConfig, variant: Variant) -> dict[str, Tensor]:
    batch, frames, height, width = variant.shape_BThw

    def latents(count: int) -> Tensor:
        return torch.randn(batch, network.latent_channels, count, height, width)

    return {
        "latents": latents(1 + frames),
        "depth_latents": latents(frames),
        "context": torch.randn(batch, network.text_tokens, network.text_dim),
        "depth_context": torch.randn(batch, network.text_tokens + 3, network.text_dim),
        "audio": torch.randn(batch, network.audio_layers, network.audio_dim, 4 * frames),
        "motion_latents": latents(variant.motion_frames),
        "pose": latents(frames),
        "product": latents(1),
    }


def _conditions(inputs: dict[str, Tensor], told: dict[str, Any]) -> Conditions:
    everything = Conditions(
        text_BLD=inputs["context"],
        person_BC1hw=inputs["latents"][:, :, :1],
        audio_BKAS=inputs["audio"],
        hoi_text_BLD=inputs["depth_context"],
        product_BC1hw=inputs["product"],
        product_scale=told.get("product_scale", 1.0),
        motion_BCFhw=inputs["motion_latents"],
        pose_BCThw=inputs["pose"],
    )
    fields = {"product": "product_BC1hw", "motion": "motion_BCFhw", "pose": "pose_BCThw"}
    return replace(everything, **dict.fromkeys(field for name, field in fields.items() if not told[name]))
