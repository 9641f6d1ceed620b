"""Flow matching: noise schedules, what the network's output means, the joint loss (CoInteract, arXiv 2604.19636).

x_t = (1 - sigma) x0 + sigma eps; velocity = eps - x0; timestep = 1000 sigma. Pure functions on tensors: no network, no
seeds beside the generators handed in.

Shape legend: B batch, C latent channels, T latent frames, h w latent height and width, M layers, N target tokens,
E = 3 regions, I steps.
"""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from model.contracts import LABELS, REGIONS, RecipeConfig
from model.network.streams import TIMESTEPS as TIMESTEPS
from model.network.streams import Denoised

TRAINING_STEPS = 1000


@dataclass(frozen=True)
class Noised:
    """One stream of a batch at its noise level."""

    clean_BCThw: Tensor
    noise_BCThw: Tensor
    noisy_BCThw: Tensor
    sigma_B: Tensor


@dataclass(frozen=True)
class Losses:
    """Scalars; `total` = rgb + lambda_h hoi + eta route."""

    total: Tensor
    rgb: Tensor
    hoi: Tensor
    route: Tensor


LOSSES = tuple(field.name for field in fields(Losses))


def schedule(steps: int, shift: float) -> Tensor:
    """Sigmas [I + 1] in fp32 from 1 down to 0, shifted towards noise: s' = shift s / (1 + (shift - 1) s)."""
    sigma = torch.linspace(1.0, 0.0, steps + 1, dtype=torch.float64)
    return (shift * sigma / (1 + (shift - 1) * sigma)).float()


def draw_sigmas(batch: int, shift: float, generator: torch.Generator) -> Tensor:
    """Training noise levels [B], uniform over the 1000 shifted steps; the same for the same generator state."""
    steps_B = torch.randint(TRAINING_STEPS, (batch,), generator=generator, device=generator.device)
    return schedule(TRAINING_STEPS, shift)[:-1].to(generator.device)[steps_B]


def add_noise(clean_BCThw: Tensor, sigma_B: Tensor, generator: torch.Generator) -> Noised:
    """Clean latents at noise level sigma with noise of their own."""
    noise = torch.randn(clean_BCThw.shape, generator=generator, device=generator.device, dtype=torch.float32).to(
        clean_BCThw.device
    )
    sigma = _wide(sigma_B)
    return Noised(clean_BCThw, noise, (1 - sigma) * clean_BCThw + sigma * noise, sigma_B)


def timesteps_of(sigma_B: Tensor, recipe: RecipeConfig) -> Tensor:
    """What the network is told of a noise level: [B] in 0..1000, fp32, where the recipe says so rounded to bf16."""
    timestep_B = TIMESTEPS * sigma_B
    return timestep_B.bfloat16().float() if recipe.timesteps == "bf16" else timestep_B


def bell_weights(sigma_B: Tensor, shift: float) -> Tensor:
    """The released per-step weight [B]: exp(-2 ((t - 500) / 1000)^2), min-subtracted, mean 1 over the 1000 steps."""
    bell_I = _bell(schedule(TRAINING_STEPS, shift)[:-1].to(sigma_B.device))
    return (_bell(sigma_B) - bell_I.min()) / (bell_I - bell_I.min()).mean()


def to_x0(
    output_BCThw: Tensor, noisy_BCThw: Tensor, sigma_B: Tensor, recipe: RecipeConfig, base: Tensor | None
) -> Tensor:
    """The clean latents that the raw output stands for.

    `base` is the latent a residual starts from: the person reference [B,C,1,h,w] for RGB, None for HOI (whose output
    under `reference_residual` is x0 itself: no reference shows the structure video's look).
    """
    if recipe.prediction == "velocity":
        return noisy_BCThw - _wide(sigma_B) * output_BCThw
    return output_BCThw if base is None else base + output_BCThw


def to_velocity(
    output_BCThw: Tensor, noisy_BCThw: Tensor, sigma_B: Tensor, recipe: RecipeConfig, base: Tensor | None
) -> Tensor:
    """The d x_t / d sigma that the raw output stands for; `base` as in `to_x0`. Sigma must be above 0."""
    if recipe.prediction == "velocity":
        return output_BCThw
    return (noisy_BCThw - to_x0(output_BCThw, noisy_BCThw, sigma_B, recipe, base)) / _wide(sigma_B)


def euler_step(noisy_BCThw: Tensor, velocity_BCThw: Tensor, sigma: Tensor, next_sigma: Tensor) -> Tensor:
    """One step of the sampler from sigma down to next_sigma."""
    return noisy_BCThw + (next_sigma - sigma) * velocity_BCThw


def joint_loss(
    denoised: Denoised, rgb: Noised, hoi: Noised | None, person_BC1hw: Tensor, labels_BN: Tensor, recipe: RecipeConfig
) -> Losses:
    """L_rgb + lambda_h L_hoi + eta L_route; `labels_BN` holds indices into model.contracts.LABELS."""
    weights = region_weights(labels_BN, rgb.clean_BCThw, recipe)
    rgb_loss = stream_loss(denoised.rgb_BCThw, rgb, recipe, person_BC1hw, weights)
    hoi_loss = rgb_loss.new_zeros(())
    if hoi is not None:
        assert denoised.hoi_BCThw is not None
        hoi_loss = stream_loss(denoised.hoi_BCThw, hoi, recipe, None)
    route = route_loss(denoised.router_logits_MBNE, labels_BN, recipe)
    total = rgb_loss + recipe.hoi_loss_weight * hoi_loss + recipe.route_loss_weight * route
    return Losses(total, rgb_loss, hoi_loss, route)


def stream_loss(
    output_BCThw: Tensor, noised: Noised, recipe: RecipeConfig, base: Tensor | None, weights: Tensor | None = None
) -> Tensor:
    """Mean squared error of the velocity weighted by the released bell, or of x0 under `reference_residual`.

    `weights` [B,1,T,h,w] of every latent; None: all alike.
    """
    if recipe.prediction == "velocity":
        error_B = _squared(output_BCThw.float() - (noised.noise_BCThw - noised.clean_BCThw), weights)
        return (error_B * bell_weights(noised.sigma_B, recipe.sigma_shift_training)).mean()
    x0 = to_x0(output_BCThw.float(), noised.noisy_BCThw, noised.sigma_B, recipe, base)
    return _squared(x0 - noised.clean_BCThw, weights).mean()


def region_weights(labels_BN: Tensor, latents_BCThw: Tensor, recipe: RecipeConfig) -> Tensor | None:
    """`recipe.region_loss_weights` of every latent [B,1,T,h,w], whose tokens are 2x2 latents; None where it has none.

    A face, a hand or a product is a few tokens of hundreds: at a toy's budget they are otherwise learned last.
    """
    if recipe.region_loss_weights is None:
        return None
    weights_E = torch.tensor([recipe.region_loss_weights[name] for name in LABELS], device=labels_BN.device)
    batch, _, frames, height, width = latents_BCThw.shape
    weights_BTyx = weights_E[labels_BN.long()].view(batch, frames, height // 2, width // 2)
    return weights_BTyx.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3).unsqueeze(1)


def route_loss(logits_MBNE: Tensor, labels_BN: Tensor, recipe: RecipeConfig) -> Tensor:
    """Cross-entropy times the class weight, mean over tokens, then over blocks; 0 without experts."""
    layers = logits_MBNE.shape[0]
    if layers == 0:
        return logits_MBNE.new_zeros(())
    weights_E = torch.tensor([recipe.route_class_weights[name] for name in REGIONS], device=logits_MBNE.device)
    regions_BN = router_labels(labels_BN)
    labels = regions_BN.expand(layers, *regions_BN.shape).flatten()
    entropy = F.cross_entropy(logits_MBNE.float().flatten(0, 2), labels, reduction="none")
    return (entropy * weights_E[labels]).mean()


def router_labels(labels_BN: Tensor) -> Tensor:
    """Token labels as the router learns them, indices into REGIONS: a product token is base."""
    return torch.where(labels_BN < len(REGIONS), labels_BN, 0).long()


def _bell(sigma: Tensor) -> Tensor:
    return torch.exp(-2 * (sigma.float() - 0.5) ** 2)


def _squared(error_BCThw: Tensor, weights: Tensor | None) -> Tensor:
    squared = error_BCThw.square()
    return (squared if weights is None else squared * weights).flatten(1).mean(dim=1)


def _wide(sigma_B: Tensor) -> Tensor:
    return sigma_B[:, None, None, None, None]
