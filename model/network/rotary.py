"""3D rotary positions: where every token sits in time, height and width (CoInteract, arXiv 2604.19636, sec. 3.2).

The two streams share the transformer's weights; an HOI token differs from the RGB token of the same place by its type
embedding and by its position on the width axis: left of the picture. Tables are real cosines and sines in fp32, made
once per layout of tokens.

Shape legend: S tokens, P rotation pairs of a head (head size / 2).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

THETA = 10_000.0
PERSON_TIME = 30
PRODUCT_TIME = 31
WRAPPED_TABLE_ROWS = 1024  # the released code looks negative widths up in a table of this length: -1 is row 1023
MOTION_PATCHES = ((1, (1, 2, 2)), (2, (2, 4, 4)), (16, (4, 8, 8)))  # latent frames of a bucket, its patch; newest first
HoiPositions = Literal["negative_width", "wrapped_table"]
Axes = tuple[list[float], list[float], list[float]]  # positions along time, height, width


@dataclass(frozen=True)
class TokenLayout:
    """How many tokens there are and which conditions are present; the key under which tables are kept."""

    frames: int
    rows: int
    columns: int
    latent_rows: int
    latent_columns: int
    product_scale: float | None  # None: no product reference
    motion: bool

    @property
    def grid(self) -> tuple[int, int, int]:
        """Target tokens per axis: time, rows, columns."""
        return self.frames, self.rows, self.columns


@dataclass(frozen=True)
class Rotary:
    """Cosines and sines of a sequence of tokens, shaped to broadcast over heads."""

    cos_S1P: Tensor
    sin_S1P: Tensor

    def run(self, start: int, length: int) -> "Rotary":
        """The tables of some neighbouring tokens."""
        return Rotary(self.cos_S1P.narrow(0, start, length), self.sin_S1P.narrow(0, start, length))


@lru_cache(maxsize=32)
def rotary_tables(layout: TokenLayout, positions: HoiPositions, head_dim: int, device: torch.device) -> Rotary:
    """Tables in token order: target, person reference, product reference, motion, HOI (also where HOI is left out)."""
    with torch.inference_mode(False), torch.no_grad():  # kept tables must stay usable in training
        grids = [*_rgb_grids(layout), _hoi_grid(layout, positions)]
        angles_SP = torch.cat([_angles(grid, head_dim) for grid in grids])
        return Rotary(
            angles_SP.cos().float().unsqueeze(1).to(device),
            angles_SP.sin().float().unsqueeze(1).to(device),
        )


def _rgb_grids(layout: TokenLayout) -> list[Axes]:
    rows, columns = _count(layout.rows), _count(layout.columns)
    grids: list[Axes] = [(_count(layout.frames), rows, columns), ([float(PERSON_TIME)], rows, columns)]
    if layout.product_scale is not None:
        scaled = [_rescaled(size, layout.product_scale) for size in (layout.rows, layout.columns)]
        grids.append(([float(PRODUCT_TIME)], scaled[0], scaled[1]))
    if layout.motion:
        grids += _motion_grids(layout)
    return grids


def _hoi_grid(layout: TokenLayout, positions: HoiPositions) -> Axes:
    """The target's times and heights, widths left of the picture.

    `wrapped_table` repeats the released code, whose negative index really reads rows 1024-W..1023.
    """
    offset = -layout.columns if positions == "negative_width" else WRAPPED_TABLE_ROWS - layout.columns
    widths = [float(offset + column) for column in range(layout.columns)]
    return _count(layout.frames), _count(layout.rows), widths


def _count(size: int) -> list[float]:
    return [float(index) for index in range(size)]


def _spread(stop: int, count: int) -> list[float]:
    """`count` whole positions from 0 to stop - 1, truncated as the released code truncates them."""
    return np.linspace(0, stop - 1, count).astype(int).astype(float).tolist()


def _rescaled(size: int, scale: float) -> list[float]:
    return _spread(max(1, round(size * scale)), size)


def _motion_grids(layout: TokenLayout) -> list[Axes]:
    """FramePack: each bucket is spread over the target's rows and columns and counted back from the clip."""
    grids: list[Axes] = []
    oldest = 0
    for frames, (patch_t, patch_h, patch_w) in MOTION_PATCHES:
        oldest += frames
        times = [-float(t) for t in np.linspace(oldest, oldest - frames + 1, frames // patch_t).astype(int)]
        rows = _spread(layout.rows, layout.latent_rows // patch_h)
        columns = _spread(layout.columns, layout.latent_columns // patch_w)
        grids.append((times, rows, columns))
    return grids


def _angles(grid: Axes, head_dim: int) -> Tensor:
    third = head_dim // 3
    widths = (head_dim - 2 * third, third, third)
    axes = [
        torch.outer(torch.tensor(places, dtype=torch.float64), _frequencies(width))
        for places, width in zip(grid, widths, strict=True)
    ]
    t, h, w = axes
    shape = (len(t), len(h), len(w))
    parts = [t[:, None, None].expand(*shape, -1), h[None, :, None].expand(*shape, -1), w[None, None].expand(*shape, -1)]
    return torch.cat(parts, dim=-1).flatten(0, 2)


def _frequencies(axis_dim: int) -> Tensor:
    exponents = torch.arange(0, axis_dim, 2, dtype=torch.float64) / axis_dim
    return THETA**-exponents
