"""Frames of 8 bits to the pixels that codecs take, -1..1, and back without a loss.

Shape legend: C = 3 colours, T frames, H W pixels.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def to_pixels(frames_THWC: NDArray[np.uint8]) -> Tensor:
    """uint8 [T,H,W,3] -> pixels [1,3,T,H,W] in -1..1."""
    return torch.from_numpy(frames_THWC.copy()).permute(3, 0, 1, 2)[None].float() / 127.5 - 1


def to_bytes(video_CTHW: Tensor) -> NDArray[np.uint8]:
    """Pixels in -1..1 [3,T,H,W] -> uint8 [T,H,W,3]."""
    scaled_THWC = ((video_CTHW.clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 3, 0)
    return np.ascontiguousarray(scaled_THWC.cpu().numpy().astype(np.uint8))
