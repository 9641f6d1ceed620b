"""The proof that the RGB stream of stage two never needs the HOI stream (design, sec. 5; CoInteract sec. 3.4).

Under asymmetric attention no RGB token looks at a HOI token, so the RGB output of the two-stream network must keep the
same bits when the HOI input is other noise or NaN. What is looked at is the network as stage two was trained, under
the attention that it learned with. The artifact, built without HOI weights, then agrees with it: to the bit where the
matrix kernels allow it, else within 1e-6 of the largest value (bf16: 2e-2). All of it runs in the artifact's own
precision. A control shows that the check can fail: under full attention the same change of the HOI input does reach the
RGB output.

Shape legend: B = 1 batch, C latent channels, T latent frames, h w latent size, L text tokens, D text width, K audio
layers, A audio width, S = 4T.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from foundation.clip_format import ClipFormat
from model.artifact.rgb_artifact import CONDITIONING, NETWORK, SAMPLING, load_network, load_weights, read_config
from model.conditioning.latent_codec import SPACE_STRIDE, TIME_STRIDE
from model.contracts import AttentionMode, NetworkConfig, Precision, RecipeConfig, SamplingConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.stored_precision import computing_in
from model.network.streams import Conditions

LARGEST = (8, 16, 16)  # T, h, w: longer clips prove nothing more and cost memory
TOLERANCE: dict[Precision, float] = {
    "fp32": 1e-6,
    "bf16": 2e-2,  # a product that sums in another order is rounded to its neighbour, in every layer again
}


@dataclass(frozen=True)
class ProofCase:
    """One input of the proof: random latents and conditions of one shape at one step."""

    rgb_BCThw: Tensor
    hoi_BCThw: Tensor
    other_hoi_BCThw: Tensor
    timestep_B: Tensor
    conditions: Conditions


@torch.no_grad()
def prove_rgb_only(weights: Path, artifact: Path, attention: AttentionMode) -> dict[str, str]:
    """Run the proof on the real weights.

    Args:
        weights: stage two's consolidated weights of both streams.
        artifact: the exported folder.
        attention: what stage two was trained with, and so what is looked at.

    Returns:
        {check: result}.

    Raises:
        ValueError: the HOI stream reaches the RGB output, the artifact disagrees, or the control shows nothing.
    """
    network = read_config(artifact / NETWORK, "network", NetworkConfig)
    recipe = read_config(artifact / NETWORK, "recipe", RecipeConfig)
    dual = DualStreamTransformer(network, recipe, streams="dual").eval()
    load_weights(dual, weights)
    alone = load_network(artifact)
    clip = read_config(artifact / CONDITIONING, "clip", ClipFormat)
    cases = [_case(network, shape, seed) for seed, shape in enumerate(_shapes(clip))]
    precision = read_config(artifact / SAMPLING, None, SamplingConfig).precision
    with computing_in(precision, alone):
        worst = max(_check((dual, alone), case, attention, TOLERANCE[precision]) for case in cases)
    return {
        "attention": f"{attention}, as stage two was trained",
        "precision": precision,
        "noise_swap": f"same bits on {len(cases)} shapes",
        "nan": f"same bits on {len(cases)} shapes",
        "artifact": "same bits" if worst == 0 else f"within {worst:.1e} relative",
        "control": "under full attention the same swap changes the RGB output",
        "weights": "no HOI key",
    }


def _check(
    networks: tuple[DualStreamTransformer, DualStreamTransformer],
    case: ProofCase,
    attention: AttentionMode,
    tolerance: float,
) -> float:
    """The artifact's largest relative difference; ValueError where a check fails."""
    dual, alone = networks
    rgb, step, conditions = case.rgb_BCThw, case.timestep_B, case.conditions
    expected = dual(rgb, step, conditions, case.hoi_BCThw, attention).rgb_BCThw
    swapped = dual(rgb, step, conditions, case.other_hoi_BCThw, attention).rgb_BCThw
    broken = dual(rgb, step, conditions, torch.full_like(case.hoi_BCThw, torch.nan), attention).rgb_BCThw
    shape = tuple(rgb.shape[2:])
    if not expected.isfinite().all() or not torch.equal(expected, swapped) or not torch.equal(expected, broken):
        raise ValueError(f"the HOI stream reaches the RGB output at shape {shape}: do not ship this model")
    full = [dual(rgb, step, conditions, hoi, "full").rgb_BCThw for hoi in (case.hoi_BCThw, case.other_hoi_BCThw)]
    if torch.equal(full[0], full[1]):
        raise ValueError(f"the proof shows nothing at shape {shape}: even full attention ignores HOI; train the model")
    difference = float((alone(rgb, step, conditions).rgb_BCThw - expected).abs().max() / expected.abs().max())
    if not difference <= tolerance:
        raise ValueError(f"the artifact differs from stage two by {difference:.1e} at shape {shape}: export again")
    return difference


def _shapes(clip: ClipFormat) -> list[tuple[int, int, int]]:
    """The clip's own T, h, w (up to LARGEST) and two smaller ones."""
    frames = (clip.frames - 1) // TIME_STRIDE
    height, width = clip.height // SPACE_STRIDE, clip.width // SPACE_STRIDE
    own = (min(frames, LARGEST[0]), min(height, LARGEST[1]), min(width, LARGEST[2]))
    return [own, (min(frames, 3), 4, 4), (1, 4, 2)]


def _case(network: NetworkConfig, shape: tuple[int, int, int], seed: int) -> ProofCase:
    """Seeded; the first case carries every condition the network knows, the others fewer."""
    generator = torch.Generator().manual_seed(seed)

    def noise(*size: int) -> Tensor:
        return torch.randn(1, *size, generator=generator)

    channels, (frames, height, width) = network.latent_channels, shape
    everything = seed == 0
    conditions = Conditions(
        text_BLD=noise(network.text_tokens, network.text_dim),
        person_BC1hw=noise(channels, 1, height, width),
        audio_BKAS=noise(network.audio_layers, network.audio_dim, 4 * frames),
        hoi_text_BLD=noise(network.text_tokens, network.text_dim),
        product_BC1hw=noise(channels, 1, height, width) if everything else None,
        motion_BCFhw=noise(channels, 19, height, width) if everything and network.motion else None,
        pose_BCThw=noise(channels, frames, height, width) if everything else None,
    )
    rgb, hoi, other = (noise(channels, frames, height, width) for _ in range(3))
    return ProofCase(rgb, hoi, other, torch.tensor([(900.0, 500.0, 100.0)[seed]]), conditions)
