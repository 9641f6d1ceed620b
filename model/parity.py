"""Compares the network with numbers of the public code: python -m model.parity GOLDEN.safetensors

A golden file holds weights in the released layout, inputs, and what the public code made of them for several cases
(timestep, product, motion, pose, streams, CFG side). Every output must lie within 1e-5 of its own standard deviation.
Prints one line an output; exit code 0 when all are within, 1 otherwise.

Shape legend: B batch, C latent channels, T latent frames, h w latent height and width, M layers, N tokens,
E = 3 regions.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from model.contracts import NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.released_keys import ROUTER_ROWS, load_released
from model.network.streams import Conditions, Denoised
from model.presets import recipe_preset

TOLERANCE = 1e-5  # of an output's standard deviation, fp32 on a CPU
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


def run_golden(path: Path, recipe: RecipeConfig) -> list[Comparison]:
    """Runs every case of the file. Raises ValueError when the file is no golden file of a known version."""
    golden = _read(path)
    network = DualStreamTransformer(_network_config(golden), recipe, _streams(golden)).eval()
    load_released(network, golden.of("weight."), f"{path.name} (weight.*)")
    comparisons: list[Comparison] = []
    for name, case in golden.cases.items():
        with torch.inference_mode():
            denoised = _run_case(network, golden.of("input."), case)
        comparisons += _compare(name, golden.of(f"case.{name}."), denoised)
    return comparisons


def _read(path: Path) -> Golden:
    if not path.is_file():
        raise ValueError(f"{path}: no such golden file")
    with safe_open(path, framework="pt") as file:
        metadata: dict[str, str] = file.metadata() or {}
        missing = [key for key in ("config", "cases") if key not in metadata]
        if missing:
            raise ValueError(f"{path}: metadata lacks {missing}: not a golden file of this version")
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - safe_open is no mapping
    config, cases = json.loads(metadata["config"]), json.loads(metadata["cases"])
    return Golden(path, config, cases, tensors)


def _network_config(golden: Golden) -> NetworkConfig:
    try:
        dit = golden.config["dit"]
        return NetworkConfig(
            dim=dit["dim"],
            ffn_dim=dit["ffn_dim"],
            layers=dit["num_layers"],
            heads=dit["num_heads"],
            latent_channels=dit["in_dim"],
            frequency_dim=dit["freq_dim"],
            text_dim=dit["text_dim"],
            text_tokens=golden.tensors["input.context"].shape[1],
            audio_dim=dit["audio_dim"],
            audio_layers=golden.tensors["weight.casual_audio_encoder.weights"].shape[1],
            audio_tokens_per_frame=dit["num_audio_token"],
            audio_injection_layers=dit["audio_inject_layers"],
            expert_dim=golden.config["expert_hidden_dim"],
            patch=tuple(dit["patch_size"]),
            eps=dit["eps"],
        )
    except KeyError as error:
        raise ValueError(f"{golden.path}: {error} is missing: a golden file of another version") from error


def _streams(golden: Golden) -> Any:
    return "dual" if any(key.startswith("depth_") for key in golden.of("weight.")) else "rgb"


def _run_case(network: DualStreamTransformer, inputs: dict[str, Tensor], case: dict[str, Any]) -> Denoised:
    hoi = case["hoi"] is not None
    conditions = Conditions(
        text_BLD=inputs["context"],
        person_BC1hw=inputs["latents"][:, :, :1],
        audio_BKAS=inputs["audio"],
        hoi_text_BLD=inputs["depth_context"] if hoi else None,
        product_BC1hw=inputs["product"] if case["product"] else None,
        product_scale=case.get("product_scale", 1.0),
        motion_BCFhw=inputs["motion_latents"] if case["motion"] else None,
        pose_BCThw=inputs["pose"] if case["pose"] else None,
    )
    if case["hoi"] not in RELEASED_ATTENTION:
        raise ValueError(f"case with hoi = {case['hoi']!r}: a golden file of another version")
    rgb_BCThw = inputs["latents"][:, :, 1:]
    return network(
        rgb_BCThw,
        torch.full((rgb_BCThw.shape[0],), float(case["t"])),
        conditions,
        inputs["depth_latents"] if hoi else None,
        RELEASED_ATTENTION[case["hoi"]],
        case["cond"] and case["moe"],  # either switches the experts off
    )


def _compare(case: str, golden: dict[str, Tensor], denoised: Denoised) -> list[Comparison]:
    if "rgb" not in golden:
        raise ValueError(f"case.{case}.rgb is missing: an incomplete golden file")
    comparisons: list[Comparison] = []
    for output, wanted in golden.items():
        if output == "rgb":
            wanted, ours = wanted[:, :, 1:], denoised.rgb_BCThw  # frame 0 is the reference, put back unchanged
        elif output == "hoi":
            assert denoised.hoi_BCThw is not None
            ours = denoised.hoi_BCThw
        elif output.startswith("router_logits."):
            layer = int(output.removeprefix("router_logits."))
            ours = denoised.router_logits_MBNE[layer][..., ROUTER_ROWS]
        else:
            raise ValueError(f"case.{case}.{output}: unknown output: a golden file of another version")
        error = (ours - wanted).abs().max().item()
        comparisons.append(Comparison(case, output, error, error / wanted.std().item()))
    return comparisons


def main(arguments: list[str]) -> int:
    """Prints the table; 0 when every output is within tolerance."""
    if len(arguments) != 1:
        print("usage: python -m model.parity GOLDEN.safetensors", file=sys.stderr)
        return 2
    comparisons = run_golden(Path(arguments[0]), released_recipe())
    print(f"{'case':30s} {'output':18s} {'max abs':>9s} {'/ std':>9s}")
    for row in comparisons:
        verdict = "ok" if row.within else "DIFFERS"
        print(f"{row.case:30s} {row.output:18s} {row.max_absolute:9.2e} {row.max_relative:9.2e} {verdict}")
    return 0 if comparisons and all(row.within for row in comparisons) else 1


def released_recipe() -> RecipeConfig:
    """The public code's recipe, read from the project root."""
    return recipe_preset("released")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
