"""The embedded hand locator: a small convolutional network that finds both hands in a frame.

It stands in for a pose detector (the paper takes DWPose), needs no weights to download, and is fitted anew for every
exam on the training clips' own hand boxes, always from the same seed. It is fitted on frames as they come out of the
latent codec, some with noise in their latents, so that it works on generated frames too. Its own error shows in the
metric's `truth` and `ceiling` columns: what it measures on true frames.

Shape legend: B frames, H W pixels of the working size, h w = H/4 W/4 cells, K = 2 hands (left, right), 2 = x, y.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from evaluation.recognisers.one_thread import one_thread

HANDS = ("left_hand", "right_hand")
MAX_SIDE_PIXELS = 96  # larger frames are shrunk to this before the network sees them
CELL_PIXELS = 4
BATCH = 24
RATE = 8e-3


@dataclass(frozen=True)
class LabelledFrames:
    """Frames with hand centres in pixels; NaN where that hand is not in the picture."""

    frames_BHW3: Tensor  # uint8
    centres_BK2: Tensor  # float32


class HandLocator(nn.Module):
    """Frames to hand centres: three convolutions with growing reach, then a soft argmax over each hand's heat map."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.cells = nn.Conv2d(5, width, 2 * CELL_PIXELS, stride=CELL_PIXELS, padding=CELL_PIXELS // 2)
        self.around = nn.ModuleList(nn.Conv2d(width, width, 3, padding=reach, dilation=reach) for reach in (1, 2, 4))
        self.heat = nn.Conv2d(width, len(HANDS), 1)

    def heat_logits(self, frames_B3HW: Tensor) -> Tensor:
        """Frames [B,3,H,W] in -1..1 to logits [B,K,h,w]."""
        _, _, height, width = frames_B3HW.shape
        y_HW, x_HW = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
        places_B2HW = torch.stack([x_HW, y_HW]).to(frames_B3HW).expand(len(frames_B3HW), -1, -1, -1)
        pixels_B5HW = torch.cat([frames_B3HW, places_B2HW], dim=1)
        features = F.silu(self.cells(pixels_B5HW.contiguous(memory_format=torch.channels_last)))
        for convolution in self.around:
            features = features + F.silu(convolution(features))
        return self.heat(features)

    def forward(self, frames_B3HW: Tensor) -> Tensor:
        """Frames [B,3,H,W] in -1..1 to hand centres [B,K,2] in pixels of those frames."""
        return expected_centres(self.heat_logits(frames_B3HW))


def expected_centres(heat_BKhw: Tensor) -> Tensor:
    """Soft argmax: the mean position [B,K,2] (x, y, pixels) under the softmax of each heat map."""
    _, _, rows, columns = heat_BKhw.shape
    weights_BKhw = heat_BKhw.flatten(2).softmax(dim=2).unflatten(2, (rows, columns))
    x_w = (torch.arange(columns) + 0.5) * CELL_PIXELS - 0.5
    y_h = (torch.arange(rows) + 0.5) * CELL_PIXELS - 0.5
    return torch.stack([(weights_BKhw.sum(2) * x_w).sum(-1), (weights_BKhw.sum(3) * y_h).sum(-1)], dim=-1)


def fit_locator(labelled: LabelledFrames, steps: int, seed: int) -> HandLocator:
    """Fit a locator, deterministic in its arguments.

    Args:
        labelled: training frames, some of them degraded the way a generator degrades them.
        steps: gradient steps of BATCH frames each.
        seed: of the weights, the draws and the augmentation.

    Raises:
        ValueError: no frame shows a hand.
    """
    frames_N3HW, scale = _working_size(labelled.frames_BHW3)
    centres_NK2 = labelled.centres_BK2
    if not torch.isfinite(centres_NK2).any():
        raise ValueError("no training clip has a hand box: the hand locator cannot be fitted, deliver hand boxes")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        locator = HandLocator()
    draw = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(locator.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=steps + 1)
    for _ in range(steps):
        picks_B = torch.randint(len(frames_N3HW), (BATCH,), generator=draw)
        frames_B3HW, centres_BK2 = _augmented(frames_N3HW[picks_B], centres_NK2[picks_B] * scale, draw)
        loss = _locator_loss(locator.heat_logits(frames_B3HW), centres_BK2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return locator.eval().requires_grad_(False)


@dataclass(frozen=True)
class HandsInFile:
    """A locator by the name of its file, so that it crosses to another process: each loads it once."""

    file: str

    def __call__(self, frames_AHW3: NDArray[np.uint8]) -> NDArray[np.floating]:
        """As HandsOf."""
        return HandsOf(load_locator(self.file))(frames_AHW3)


@dataclass(frozen=True)
class HandsOf:
    """A locator as metrics call it."""

    locator: HandLocator

    def __call__(self, frames_AHW3: NDArray[np.uint8]) -> NDArray[np.floating]:
        """Hand centres [A,K,2] in pixels of the frames given."""
        with one_thread():
            return locate_hands(self.locator, torch.from_numpy(frames_AHW3)).numpy()


@cache
def load_locator(file: str) -> HandLocator:
    """The locator whose weights the file holds."""
    locator = HandLocator()
    locator.load_state_dict(load_file(file))
    return locator.eval().requires_grad_(False)


def locate_hands(locator: HandLocator, frames_BHW3: Tensor) -> Tensor:
    """Hand centres [B,K,2] (x, y) in pixels of the frames given, uint8 [B,H,W,3]."""
    frames_B3HW, scale = _working_size(frames_BHW3)
    return torch.cat([locator(_unit(part)) for part in frames_B3HW.split(64)]) / scale


def _working_size(frames_BHW3: Tensor) -> tuple[Tensor, float]:
    """uint8 [B,3,H',W'] with no side over MAX_SIDE_PIXELS, and the scale from the given size to that."""
    frames_B3HW = frames_BHW3.permute(0, 3, 1, 2)
    scale = min(1.0, MAX_SIDE_PIXELS / max(frames_B3HW.shape[2:]))
    if scale < 1:
        parts = [F.interpolate(p.float(), scale_factor=scale, mode="area") for p in frames_B3HW.split(32)]
        frames_B3HW = torch.cat(parts).round().to(torch.uint8)
    return frames_B3HW, scale


def _unit(frames_B3HW: Tensor) -> Tensor:
    return frames_B3HW.float() / 127.5 - 1


def _augmented(frames_B3HW: Tensor, centres_BK2: Tensor, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mirror every other batch (left and right change places), blur every third, shift colours and add noise."""
    frames, count = _unit(frames_B3HW), len(frames_B3HW)
    mirror, blur = torch.rand(2, generator=draw).tolist()
    if mirror < 1 / 2:
        frames = frames.flip(3)
        centres_BK2 = centres_BK2.flip(1) * torch.tensor([-1.0, 1.0]) + torch.tensor([frames.shape[3] - 1.0, 0.0])
    if blur < 1 / 3:
        frames = F.avg_pool2d(frames, 3, 1, 1, count_include_pad=False)
    gains = 1 + 0.15 * torch.randn(count, 3, 1, 1, generator=draw)
    offsets = 0.1 * torch.randn(count, 3, 1, 1, generator=draw)
    noise = 0.08 * torch.rand(count, 1, 1, 1, generator=draw) * torch.randn(frames.shape, generator=draw)
    return frames * gains + offsets + noise, centres_BK2


def _locator_loss(heat_BKhw: Tensor, centres_BK2: Tensor) -> Tensor:
    """Cross-entropy to the hand's cell (finds it at all) plus distance of the soft argmax in cells (finds it well)."""
    seen_BK = torch.isfinite(centres_BK2).all(dim=-1)
    rows, columns = heat_BKhw.shape[2:]
    target_BK2 = torch.nan_to_num(centres_BK2)
    column_BK = (target_BK2[..., 0] / CELL_PIXELS).long().clamp(0, columns - 1)
    row_BK = (target_BK2[..., 1] / CELL_PIXELS).long().clamp(0, rows - 1)
    cell_BK = row_BK * columns + column_BK
    logits_BKn = heat_BKhw.flatten(2)
    entropy_BK = F.cross_entropy(logits_BKn.movedim(2, 1), cell_BK, reduction="none")
    distance_BK = (expected_centres(heat_BKhw) - target_BK2).norm(dim=-1) / CELL_PIXELS
    return ((0.3 * entropy_BK + distance_BK) * seen_BK).sum() / seen_BK.sum().clamp_min(1)
