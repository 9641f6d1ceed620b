"""Whether the network still listens: how much the audio encoder's output varies over time.

Runs that end deaf turn the encoder into a constant long before a generated mouth shows it (docs/experiments.md,
2026-11-22): the number falls from 0.2 or more towards 0.03. It costs one deviation of a small tensor a forward pass and
decides nothing.

Shape legend: B batch, K encoder layers of the speech model, A its width, S audio steps, T latent frames, G local
tokens (the last one learned, the same for every sound), D width.
"""

from typing import Any

import torch
from torch import Tensor, nn


class Hearing:
    """Listens at one network's audio encoder; clips without sound, or whose sound was dropped, do not count."""

    def __init__(self, audio_encoder: nn.Module) -> None:
        self._noted: list[Tensor] = []
        audio_encoder.register_forward_hook(self._note)

    def taken(self, device: torch.device) -> Tensor:
        """[sum of the clips' variations, clips] since the last call."""
        noted, self._noted = self._noted, []
        return torch.stack(noted).sum(dim=0) if noted else torch.zeros(2, device=device)

    def _note(self, encoder: nn.Module, given: tuple[Any, ...], made: tuple[Tensor, Tensor]) -> None:
        with torch.no_grad():
            heard_B = given[0].std(dim=-1, correction=0).amax(dim=(1, 2)) > 0
            variation_B = sound_variation(made[0])
            self._noted.append(torch.stack(((variation_B * heard_B).sum(), heard_B.sum())))


def sound_variation(local_BTGD: Tensor) -> Tensor:
    """Deviation over time of the local audio tokens, mean over their channels, one a clip: [B]."""
    return local_BTGD[:, :, :-1].float().std(dim=1, correction=0).mean(dim=(1, 2))
