"""Classifier-free guidance: the network's output with prompt and sound, moved further away from that without them.

Both sides go through the network as one batch of 2B clips: half as many kernels, each with twice the work. Where that
does not fit into the accelerator's memory, each side has a pass of its own. The recipe says whether the experts are off
on the unconditional side. CoInteract, arXiv 2604.19636, sec. 4.

Shape legend: B batch, C latent channels, T latent frames, h w latent size, L text tokens, D text width.
"""

from dataclasses import replace

import torch
from torch import Tensor

from model.contracts import SamplingConfig
from model.flow_matching import timesteps_of, to_velocity
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.stored_precision import computing_in
from model.network.streams import Conditions


class GuidedVelocity:
    """The velocity that the sampler follows, for one batch of clips on one device."""

    def __init__(
        self, network: DualStreamTransformer, conditions: Conditions, empty_text_LD: Tensor, sampling: SamplingConfig
    ) -> None:
        self.network, self.sampling = network, sampling
        computing_in(sampling.precision, network)  # refused before the first step, not in it
        unconditional = without_prompt_and_sound(conditions, empty_text_LD)
        both = None if sampling.guidance_passes == "two" else joined(conditions, unconditional)
        self.conditions, self.unconditional = distinct_prompts(conditions), distinct_prompts(unconditional)
        self.both = None if both is None else distinct_prompts(both)

    def __call__(self, rgb_BCThw: Tensor, sigma_B: Tensor) -> Tensor:
        """Velocity [B,C,T,h,w] at noise level sigma. Guidance 1 needs no unconditional side."""
        if self.sampling.guidance == 1:
            return self._velocity(rgb_BCThw, sigma_B, self.conditions, True)
        towards, away = self._both_sides(rgb_BCThw, sigma_B)
        return away + self.sampling.guidance * (towards - away)

    def _both_sides(self, rgb_BCThw: Tensor, sigma_B: Tensor) -> tuple[Tensor, Tensor]:
        """Conditional and unconditional velocity, in one pass while memory allows."""
        if self.both is not None:
            try:
                return self._in_one_pass(rgb_BCThw, sigma_B, self.both)
            except torch.OutOfMemoryError:
                if self.sampling.guidance_passes == "one":
                    raise
                self.both = None
        away = self._velocity(rgb_BCThw, sigma_B, self.unconditional, False)
        return self._velocity(rgb_BCThw, sigma_B, self.conditions, True), away

    def _in_one_pass(self, rgb_BCThw: Tensor, sigma_B: Tensor, both: Conditions) -> tuple[Tensor, Tensor]:
        is_conditional = torch.arange(2 * len(sigma_B), device=sigma_B.device) < len(sigma_B)
        velocity = self._velocity(rgb_BCThw.repeat(2, 1, 1, 1, 1), sigma_B.repeat(2), both, is_conditional)
        towards, away = velocity.chunk(2)
        return towards, away

    def _velocity(
        self, rgb_BCThw: Tensor, sigma_B: Tensor, conditions: Conditions, conditional: bool | Tensor
    ) -> Tensor:
        recipe = self.network.recipe
        with computing_in(self.sampling.precision, self.network):
            timestep_B = timesteps_of(sigma_B, recipe)
            output = self.network(rgb_BCThw, timestep_B, conditions, conditional=conditional).rgb_BCThw
        return to_velocity(output.float(), rgb_BCThw, sigma_B, recipe, conditions.person_BC1hw)


def without_prompt_and_sound(conditions: Conditions, empty_text_LD: Tensor) -> Conditions:
    """The unconditional side: empty prompt, zeros for sound; references, motion and pose stay."""
    text_BLD = empty_text_LD.to(conditions.text_BLD).expand_as(conditions.text_BLD)
    return replace(conditions, text_BLD=text_BLD, audio_BKAS=torch.zeros_like(conditions.audio_BKAS))


def distinct_prompts(conditions: Conditions) -> Conditions:
    """Each prompt once: several seeds of a clip, and all clips' unconditional sides, share their text's projections."""
    text_BZ, row_of_B = conditions.text_BLD.flatten(1).unique(dim=0, return_inverse=True)
    return replace(conditions, text_BLD=text_BZ.unflatten(1, conditions.text_BLD.shape[1:]), prompt_of_B=row_of_B)


def joined(first: Conditions, second: Conditions) -> Conditions:
    """One batch of both, which have the same inputs; the first clips come first."""
    tensors = {name: value for name, value in vars(first).items() if isinstance(value, Tensor)}
    return replace(first, **{name: torch.cat([value, getattr(second, name)]) for name, value in tensors.items()})
