"""The audio encoder: speech to one feature column per denoised pixel frame.

One protocol, one file an encoder behind it, in `audio_encoders/`: `wav2vec2` is transformers' Wav2Vec2Model with all
its hidden layers, `log_mel` an embedded one that needs no weights.

Shape legend: K layers, A audio width, S = 4T columns (T denoised latent frames).
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from model.conditioning.latent_codec import TIME_STRIDE


class AudioEncoder(Protocol):
    """What every audio encoder does."""

    @property
    def dim(self) -> int:
        """A."""
        ...

    @property
    def layers(self) -> int:
        """K."""
        ...

    def encode(self, samples: NDArray[np.float32], frames: int) -> Tensor:
        """Mono 16 kHz samples that span exactly `frames` pixel frames to audio_KAS fp32, S = frames - 1 = 4T.

        Raises:
            ValueError: the frame count is not 4k + 1, or there are fewer samples than the encoder needs.
        """
        ...


def audio_columns(frames: int) -> int:
    """S = 4T: one column for each pixel frame that is denoised. ValueError: not 4k + 1 frames."""
    if frames % TIME_STRIDE != 1 or frames < 1 + TIME_STRIDE:
        raise ValueError(f"audio is encoded for 4k + 1 frames (33, 81, ...), got {frames}: cut the clip to that")
    return frames - 1
