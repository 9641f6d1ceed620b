"""Time and text as the blocks and the heads take them.

Shape legend: B batch, L text tokens, D width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.network.embeddings import TextEmbedding, TimeEmbedding
from model.network.streams import Conditions


@dataclass(frozen=True)
class EmbeddedConditions:
    """Embeddings of the step and of timestep 0 for each stream, and each stream's text."""

    step_BD: Tensor
    zero_BD: Tensor  # references, product, motion
    hoi_step_BD: Tensor
    hoi_zero_BD: Tensor
    text_BLD: Tensor
    hoi_text_BLD: Tensor | None


def embed_conditions(
    time: TimeEmbedding, text: TextEmbedding, timestep_B: Tensor, conditions: Conditions
) -> EmbeddedConditions:
    """Both streams are noised to one step, so they share its embedding; the text embedding's weights too."""
    step_BD, zero_BD = time(timestep_B), time(torch.zeros_like(timestep_B))
    text_BLD = text(conditions.text_BLD)
    hoi_text_BLD = None if conditions.hoi_text_BLD is None else text(conditions.hoi_text_BLD)
    return EmbeddedConditions(step_BD, zero_BD, step_BD, zero_BD, text_BLD, hoi_text_BLD)
