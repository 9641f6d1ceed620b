"""Compares the network with numbers of the public code: python -m model.weights.parity GOLDEN.safetensors

A golden file holds weights in the released layout, inputs, and the public code's outputs for several cases (timestep,
product, motion, pose, streams, CFG side). Every output must lie within 1e-5 of its own standard deviation. Prints one
line an output; exit code 0 when all are within, 1 when one is not, 2 when the file cannot be used.

Shape legend: B batch, C latent channels, T latent frames, h w latent height and width, M layers, N tokens,
E = 3 regions.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model.contracts import NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions, Denoised
from model.presets import recipe_preset
from model.weights.released_keys import ROUTER_ROWS, load_released

OTHER_VERSION = "a golden file of another version"
TOLERANCE = 1e-5  # of an output's standard deviation, fp32 on a CPU
CASE_FIELDS = ("t", "moe", "product", "motion", "pose", "hoi", "cond")
RELEASED_ATTENTION = {"full": "full", "asym": "asymmetric", None: "asymmetric"}


@dataclass(frozen=True)
class Comparison:
    """One output of one case."""

    case: str
    output: str
    max_absolute: float
    max_relative: float  # to the golden output's standard deviation

    @property
    def within(self) -> bool:
        """False for NaN as well."""
        return self.max_relative <= TOLERANCE


@dataclass(frozen=True)
class Golden:
    """What a golden file holds."""

    path: Path
    config: dict[str, Any]
    cases: dict[str, dict[str, Any]]
    tensors: dict[str, Tensor]

    def of(self, prefix: str) -> dict[str, Tensor]:
        """Tensors below `prefix`, without it."""
        return {key.removeprefix(prefix): x for key, x in self.tensors.items() if key.startswith(prefix)}

    def input(self, name: str) -> Tensor:
        """One of the inputs in fp32. ValueError: the file has no such."""
        if f"input.{name}" not in self.tensors:
            raise ValueError(f"{self.path}: input.{name} is missing: an incomplete golden file, or {OTHER_VERSION}")
        return self.tensors[f"input.{name}"].float()


def run_golden(path: Path, recipe: RecipeConfig) -> list[Comparison]:
    """Runs every case of the file. Raises ValueError when the file is no golden file of a known version."""
    golden = _read(path)
    recipe = recipe if golden.config.get("moe", True) else recipe.model_copy(update={"experts": ()})
    network = DualStreamTransformer(_network_config(golden), recipe, _streams(golden)).eval()
    load_released(network, golden.of("weight."), f"{path.name} (weight.*)")
    comparisons: list[Comparison] = []
    for name, case in golden.cases.items():
        with torch.inference_mode():
            denoised = _run_case(network, golden, name, case)
        comparisons += _compare(name, golden.of(f"case.{name}."), denoised)
    return comparisons


def _read(path: Path) -> Golden:
    if not path.is_file():
        raise ValueError(f"{path}: no such golden file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - safe_open is no mapping
    except SafetensorError as error:
        raise ValueError(f"{path} cannot be read ({error}): take an intact safetensors file") from error
    return Golden(path, _metadata(path, metadata, "config"), _metadata(path, metadata, "cases"), tensors)


def _metadata(path: Path, metadata: dict[str, str], key: str) -> dict[str, Any]:
    try:
        value = json.loads(metadata.get(key, "null"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: metadata {key} is no JSON ({error}): {OTHER_VERSION}") from error
    if not isinstance(value, dict) or not value:
        raise ValueError(f"{path}: metadata lacks {key}: {OTHER_VERSION}")
    return value


def _network_config(golden: Golden) -> NetworkConfig:
    try:
        dit = golden.config["dit"]
        _check_channels(golden.path, dit)
        return NetworkConfig(
            dim=dit["dim"],
            ffn_dim=dit["ffn_dim"],
            layers=dit["num_layers"],
            heads=dit["num_heads"],
            latent_channels=dit["in_dim"],
            frequency_dim=dit["freq_dim"],
            text_dim=dit["text_dim"],
            text_tokens=golden.input("context").shape[1],
            audio_dim=dit["audio_dim"],
            audio_layers=golden.tensors["weight.casual_audio_encoder.weights"].shape[1],
            audio_tokens_per_frame=dit["num_audio_token"],
            audio_injection_layers=dit["audio_inject_layers"],
            expert_dim=golden.config["expert_hidden_dim"] if golden.config.get("moe", True) else 0,
            patch=tuple(dit["patch_size"]),
            motion=any(key.startswith("frame_packer.") for key in golden.of("weight.")),
            eps=dit["eps"],
        )
    except KeyError as error:
        raise ValueError(f"{golden.path}: {error} is missing: {OTHER_VERSION}") from error


def _check_channels(path: Path, dit: dict[str, Any]) -> None:
    """One number of channels for latents, pose and output: what this network has."""
    for name in ("out_dim", "cond_dim"):
        if dit.get(name, dit["in_dim"]) != dit["in_dim"]:
            raise ValueError(
                f"{path}: {name} {dit[name]} differs from in_dim {dit['in_dim']}: this network denoises and is posed "
                "in latents of one number of channels; give a file whose three agree"
            )


def _streams(golden: Golden) -> Any:
    return "dual" if any(key.startswith("depth_") for key in golden.of("weight.")) else "rgb"


def _run_case(network: DualStreamTransformer, golden: Golden, name: str, case: dict[str, Any]) -> Denoised:
    missing = [field for field in CASE_FIELDS if field not in case]
    if missing or case["hoi"] not in RELEASED_ATTENTION:
        wrong = f"lacks {missing}" if missing else f"has hoi = {case['hoi']!r}"
        raise ValueError(f"{golden.path}: case {name} {wrong}: {OTHER_VERSION}")
    hoi, latents = case["hoi"] is not None, golden.input("latents")
    conditions = Conditions(
        text_BLD=golden.input("context"),
        person_BC1hw=latents[:, :, :1],
        audio_BKAS=golden.input("audio"),
        hoi_text_BLD=golden.input("depth_context") if hoi else None,
        product_BC1hw=golden.input("product") if case["product"] else None,
        product_scale=case.get("product_scale", 1.0),
        motion_BCFhw=golden.input("motion_latents") if case["motion"] else None,
        pose_BCThw=golden.input("pose") if case["pose"] else None,
    )
    return network(
        latents[:, :, 1:],
        torch.tensor(case["t"], dtype=torch.float32).expand(latents.shape[0]),
        conditions,
        golden.input("depth_latents") if hoi else None,
        RELEASED_ATTENTION[case["hoi"]],
        case["cond"] and case["moe"],  # either switches the experts off
    )


def _compare(case: str, golden: dict[str, Tensor], denoised: Denoised) -> list[Comparison]:
    if "rgb" not in golden:
        raise ValueError(f"case.{case}.rgb is missing: an incomplete golden file")
    comparisons: list[Comparison] = []
    for output, wanted in golden.items():
        ours = _ours(output, denoised)
        if output == "rgb":
            wanted = wanted[:, :, 1:]  # frame 0 is the reference, put back unchanged
        if ours is None or ours.shape != wanted.shape:
            problem = "this network has no such output" if ours is None else f"ours has shape {tuple(ours.shape)}"
            raise ValueError(f"case.{case}.{output} has shape {tuple(wanted.shape)}, {problem}: {OTHER_VERSION}")
        error = (ours - wanted).abs().max().item()
        comparisons.append(Comparison(case, output, error, error / wanted.std().item() if error else 0.0))
    return comparisons


def _ours(output: str, denoised: Denoised) -> Tensor | None:
    """What the network gives for a golden output; None: it has none of that name."""
    named = {"rgb": denoised.rgb_BCThw, "hoi": denoised.hoi_BCThw}
    logits_MBNE = denoised.router_logits_MBNE[..., ROUTER_ROWS]
    return (named | {f"router_logits.{layer}": x for layer, x in enumerate(logits_MBNE)}).get(output)


def main(arguments: list[str]) -> int:
    """Prints the table; 0 when every output is within tolerance."""
    if len(arguments) != 1:
        print("usage: python -m model.weights.parity GOLDEN.safetensors", file=sys.stderr)
        return 2
    try:
        comparisons = run_golden(Path(arguments[0]), released_recipe())
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{'case':30s} {'output':18s} {'max abs':>9s} {'/ std':>9s}")
    for row in comparisons:
        verdict = "ok" if row.within else "DIFFERS"
        print(f"{row.case:30s} {row.output:18s} {row.max_absolute:9.2e} {row.max_relative:9.2e} {verdict}")
    return 0 if comparisons and all(row.within for row in comparisons) else 1


def released_recipe() -> RecipeConfig:
    """The recipe of the public model function, whose switch for an unconditional pass turns the experts off.

    Its pipeline never uses that switch, so conf/recipe/released.yaml leaves them on (decision 0024).
    """
    return recipe_preset("released").model_copy(update={"experts_off_unconditional": True})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
