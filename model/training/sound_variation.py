"""Whether sound still reaches the network: how much the audio encoder's output varies over time.

Runs that learn to ignore sound turn the encoder into a constant long before a generated mouth shows it
(docs/experiments.md, 2026-11-22): the number falls from 0.2 or more towards 0.03. It costs one deviation of a small
tensor a forward pass.

Shape legend: B batch, K encoder layers of the speech model, A its width, S audio steps, T latent frames, G local
tokens (the last one learned, the same for every sound), D width.
"""

from typing import Any

import torch
from torch import Tensor, nn

DOES_NOT_DECIDE = "reads what passes, without a gradient"


class SoundVariation:
    """A listener on one network's audio encoder; clips without sound, or whose sound was dropped, do not count."""

    def __init__(self, audio_encoder: nn.Module) -> None:
        self._seen: list[Tensor] = []
        audio_encoder.register_forward_hook(self._record)

    def taken(self, device: torch.device) -> Tensor:
        """[sum of the clips' variations, clips] since the last call."""
        seen, self._seen = self._seen, []
        return torch.stack(seen).sum(dim=0) if seen else torch.zeros(2, device=device)

    def _record(self, encoder: nn.Module, inputs: tuple[Any, ...], outputs: tuple[Tensor, Tensor]) -> None:
        with torch.no_grad():
            audible_B = inputs[0].std(dim=-1, correction=0).amax(dim=(1, 2)) > 0
            variation_B = sound_variation(outputs[0])
            self._seen.append(torch.stack(((variation_B * audible_B).sum(), audible_B.sum())))


def sound_variation(local_BTGD: Tensor) -> Tensor:
    """Deviation over time of the local audio tokens, mean over their channels, one a clip: [B]."""
    return local_BTGD[:, :, :-1].float().std(dim=1, correction=0).mean(dim=(1, 2))
