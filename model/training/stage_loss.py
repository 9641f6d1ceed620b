"""The loss of one micro batch: noise drawn per clip, one forward pass of both streams, the joint loss.

Both streams of a clip are noised to the same timestep, each with its own noise (CoInteract, arXiv 2604.19636,
sec. 3.4). The noise of a clip depends on (seed, step, place in the global batch) only.
"""

from collections.abc import Callable
from dataclasses import fields, replace

import torch
from torch import Tensor

from model.contracts import AttentionMode, RecipeConfig
from model.flow_matching import Losses, Noised, add_noise, draw_sigmas, joint_loss, timesteps_of
from model.network.streams import Conditions, Denoised
from model.training.clip_dataset import TrainingBatch
from model.training.determinism import generator


def batch_loss(
    network: Callable[..., Denoised], batch: TrainingBatch, recipe: RecipeConfig, attention: AttentionMode, seed: int
) -> Losses:
    """Forward pass and losses of one micro batch, whose tensors are on the network's device."""
    rgb, hoi = noised_streams(batch, recipe, seed)
    timestep_B = timesteps_of(rgb.sigma_B, recipe)
    hoi_BCThw = None if hoi is None else hoi.noisy_BCThw
    denoised = network(rgb.noisy_BCThw, timestep_B, batch.conditions, hoi_BCThw, attention=attention)
    return joint_loss(denoised, rgb, hoi, batch.conditions.person_BC1hw, batch.regions_BN, recipe)


def noised_streams(batch: TrainingBatch, recipe: RecipeConfig, seed: int) -> tuple[Noised, Noised | None]:
    """RGB and, where it is trained, HOI of every clip at the clip's noise level; RGB's noise is the same without."""
    rgb: list[Noised] = []
    hoi: list[Noised] = []
    for row, clip_place in enumerate(batch.place.clips):
        draws = generator(seed, "noise", batch.place.step, clip_place)
        sigma_B = draw_sigmas(1, recipe.sigma_shift_training, draws).to(batch.rgb_BCThw.device)
        rgb.append(add_noise(batch.rgb_BCThw[row : row + 1], sigma_B, draws))
        if batch.hoi_BCThw is not None:
            hoi.append(add_noise(batch.hoi_BCThw[row : row + 1], sigma_B, draws))
    return _joined(rgb), _joined(hoi) if hoi else None


def on_device(batch: TrainingBatch, device: torch.device) -> TrainingBatch:
    """The same batch with every tensor on `device`."""
    if device.type == "cpu":
        return batch
    tensors = {
        f.name: v.to(device) for f in fields(Conditions) if isinstance(v := getattr(batch.conditions, f.name), Tensor)
    }
    return replace(
        batch,
        rgb_BCThw=batch.rgb_BCThw.to(device),
        hoi_BCThw=None if batch.hoi_BCThw is None else batch.hoi_BCThw.to(device),
        regions_BN=batch.regions_BN.to(device),
        conditions=replace(batch.conditions, **tensors),
    )


def _joined(parts: list[Noised]) -> Noised:
    return Noised(**{f.name: torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Noised)})
