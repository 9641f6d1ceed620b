"""What the dual-stream network takes and gives.

Shape legend: B batch, C latent channels, T latent frames to denoise, h w latent height and width,
L text tokens, D text width, K audio layers, A audio width, S audio steps (4 per latent frame), N target tokens,
F latent frames of motion (19 at full size), M network layers, E = 3 regions.
"""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

TIMESTEPS = 1000.0  # a timestep is 1000 times the noise level


@dataclass(frozen=True)
class Conditions:
    """Everything the network is given besides the noisy latents. None: the clip has no such input."""

    text_BLD: Tensor
    person_BC1hw: Tensor
    audio_BKAS: Tensor
    hoi_text_BLD: Tensor | None = None
    product_BC1hw: Tensor | None = None
    product_scale: float = 1.0
    motion_BCFhw: Tensor | None = None
    pose_BCThw: Tensor | None = None
    # which samples of a mixed batch really have it: of the others nobody sees its tokens; None: all of them
    has_product_B: Tensor | None = None
    has_motion_B: Tensor | None = None
    prompt_of_B: Tensor | None = None  # each sample's row of text_BLD, where samples share prompts; None: its own


class Denoised(NamedTuple):
    """What one forward pass gives: raw network outputs (see flow_matching for what they mean).

    A tuple, because ZeRO-3 finds the tensors of a module's output in tuples, not in dataclasses, and gathers its own
    parameters again when their gradients come.
    """

    rgb_BCThw: Tensor
    hoi_BCThw: Tensor | None
    router_logits_MBNE: Tensor  # E logits in the order of model.contracts.REGIONS: base, head, hand
