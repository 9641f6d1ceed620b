"""Held-out x0 error of the streams, against repeating a reference; and what the router picks on the way.

At each noise level the clean latents are noised, the network says what it takes them for, and the squared
distance to the clean ones is set against the distance of a picture that simply stands still. Never rank models by
this alone: a low error at low noise says nothing about samples drawn from pure noise.

Shape legend: I noise levels, C latent channels, T latent frames, h w latent size, M layers, N tokens, E = 3 regions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from model.flow_matching import TIMESTEPS, add_noise, to_x0
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions


@dataclass(frozen=True)
class StreamErrors:
    """One clip: mean squared x0 error of each stream over the noise levels, and the router's picks."""

    rgb: float
    hoi: float | None  # None: the network is the RGB stream alone
    picks_MIN: Tensor  # argmax of the router logits, an index into REGIONS; M = 0 without experts


@torch.no_grad()
def stream_errors(
    network: DualStreamTransformer,
    conditions: Conditions,
    clean_rgb_1CThw: Tensor,
    clean_hoi_1CThw: Tensor,
    noise_levels: Sequence[float],
    seed: int,
) -> StreamErrors:
    """Ask the network for one clip's clean latents at all noise levels, as one batch with fixed noise."""
    levels = len(noise_levels)
    sigma_I = torch.tensor(noise_levels)
    generator = torch.Generator().manual_seed(seed)
    rgb = add_noise(clean_rgb_1CThw.expand(levels, -1, -1, -1, -1), sigma_I, generator)
    hoi = add_noise(clean_hoi_1CThw.expand(levels, -1, -1, -1, -1), sigma_I, generator)
    told = repeated(conditions, levels)
    hoi_BCThw = hoi.noisy_BCThw if network.streams == "dual" else None
    found = network(rgb.noisy_BCThw, sigma_I * TIMESTEPS, told, hoi_BCThw=hoi_BCThw, attention="asymmetric")
    rgb_x0 = to_x0(found.rgb_BCThw.float(), rgb.noisy_BCThw, sigma_I, network.recipe, told.person_BC1hw)
    hoi_error = None
    if found.hoi_BCThw is not None:
        hoi_x0 = to_x0(found.hoi_BCThw.float(), hoi.noisy_BCThw, sigma_I, network.recipe, None)
        hoi_error = mean_square(hoi_x0 - clean_hoi_1CThw)
    return StreamErrors(
        rgb=mean_square(rgb_x0 - clean_rgb_1CThw),
        hoi=hoi_error,
        picks_MIN=found.router_logits_MBNE.argmax(dim=-1),
    )


def mean_square(error: Tensor) -> float:
    """Mean squared value of a tensor of any shape."""
    return float(error.double().square().mean())


def repeated(conditions: Conditions, count: int) -> Conditions:
    """One clip's conditions as a batch of `count`."""
    tensors = {field.name: getattr(conditions, field.name) for field in fields(conditions)}
    wide = {name: value.expand(count, *value.shape[1:]) for name, value in tensors.items() if isinstance(value, Tensor)}
    return replace(conditions, **wide)
