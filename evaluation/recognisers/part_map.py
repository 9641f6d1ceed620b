"""The part map: a small convolutional network that says of every pixel of a frame what it shows.

It sees the frame and the person reference, and is fitted for every exam on the studio's training clips, whose parts are
known exactly in every frame, as they come out of the latent codec, some with noise in their latents. Half of what it
sees has a piece of another clip's frame pasted in, label and all: so it finds a hand or a product where none belongs.
What it gets wrong on true clips stands beside every number it gives (roles `truth` and `ceiling`).

Shape legend: B frames, H W pixels, h w = H/2 W/2 cells, P = 4 pixels of a cell, K kinds of part.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evaluation.measuring.seen import KINDS

CELL_PIXELS = 2
BATCH = 12
WEIGHTS = (1.0, 1.0, 1.0, 1.0, 2.5, 2.5)  # of the kinds in the loss: hands and products are small
RATE = 6e-3
AT_ONCE = 33  # frames


@dataclass(frozen=True)
class PartFrames:
    """Frames with what each pixel shows, and the person reference that belongs to each."""

    frames_BHW3: Tensor  # uint8
    references_BHW3: Tensor  # uint8
    kinds_BHW: Tensor  # uint8, indices into KINDS


class PartMap(nn.Module):
    """Frames and references to logits: one convolution to cells, four with growing reach, and back to pixels."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.cells = nn.Conv2d(8, width, 2 * CELL_PIXELS, stride=CELL_PIXELS, padding=CELL_PIXELS // 2)
        reaches = (1, 2, 4, 8)
        self.around = nn.ModuleList(nn.Conv2d(width, width, 3, padding=reach, dilation=reach) for reach in reaches)
        self.kinds = nn.Conv2d(width, len(KINDS) * CELL_PIXELS**2, 1)

    def forward(self, frames_BHW3: Tensor, references_BHW3: Tensor) -> Tensor:
        """uint8 frames and references [B,H,W,3] to logits [B,K,H,W]."""
        return self.logits(_unit(frames_BHW3), _unit(references_BHW3))

    def kinds_of(self, frames_BHW3: Tensor, references_BHW3: Tensor) -> Tensor:
        """The likeliest kind of every pixel, uint8 [B,H,W]: what `forward` is greatest at, without laying it out."""
        cells_Bzhw = self._cells(_unit(frames_BHW3), _unit(references_BHW3))
        kinds_BPhw = cells_Bzhw.unflatten(1, (len(KINDS), -1)).argmax(dim=1).to(torch.uint8)
        return F.pixel_shuffle(kinds_BPhw, CELL_PIXELS)[:, 0]

    def logits(self, frames_B3HW: Tensor, references_B3HW: Tensor) -> Tensor:
        """The same from pixels in -1..1, colours first."""
        return F.pixel_shuffle(self._cells(frames_B3HW, references_B3HW), CELL_PIXELS)

    def _cells(self, frames_B3HW: Tensor, references_B3HW: Tensor) -> Tensor:
        """Logits of each cell's pixels, [B,KP,h,w]."""
        count, _, height, width = frames_B3HW.shape
        y_HW, x_HW = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
        places_B2HW = torch.stack([x_HW, y_HW]).expand(count, -1, -1, -1)
        pixels_B8HW = torch.cat([frames_B3HW, frames_B3HW - references_B3HW, places_B2HW], dim=1)
        features = F.silu(self.cells(pixels_B8HW.contiguous(memory_format=torch.channels_last)))
        for convolution in self.around:
            features = features + F.silu(convolution(features))
        return self.kinds(features)


def fit_part_map(labelled: PartFrames, steps: int, seed: int) -> PartMap:
    """Fit the map, deterministic in its arguments."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = PartMap()
    draw = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=steps + 1)
    for _ in range(steps):
        frames_B3HW, references_B3HW, kinds_BHW = _drawn(labelled, draw)
        loss = F.cross_entropy(network.logits(frames_B3HW, references_B3HW), kinds_BHW, torch.tensor(WEIGHTS))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval().requires_grad_(False)


def map_parts(network: PartMap, frames_THW3: Tensor, reference_HW3: Tensor) -> Tensor:
    """What every pixel shows, uint8 [T,H,W], indices into KINDS; frames and reference uint8."""
    new_T = torch.ones(len(frames_THW3), dtype=torch.bool)  # a video that stands still is looked at once
    new_T[1:] = (frames_THW3[1:] != frames_THW3[:-1]).flatten(1).any(dim=1)
    shown = frames_THW3[new_T]
    parts = [network.kinds_of(part, reference_HW3.expand_as(part)) for part in shown.split(AT_ONCE)]
    return torch.cat(parts)[new_T.cumsum(0) - 1]


def _unit(frames_BHW3: Tensor) -> Tensor:
    return frames_BHW3.permute(0, 3, 1, 2).float() / 127.5 - 1


def _drawn(labelled: PartFrames, draw: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """A batch: half of it with pieces of other frames, all of it in other colours, some of it noisy or blurred."""
    picks_B = torch.randint(len(labelled.frames_BHW3), (BATCH,), generator=draw)
    frames, references = _unit(labelled.frames_BHW3[picks_B]), _unit(labelled.references_BHW3[picks_B])
    kinds = labelled.kinds_BHW[picks_B].long()
    for row in range(0, BATCH, 2):
        _paste(frames, kinds, row, labelled, draw)
    if torch.rand(1, generator=draw) < 1 / 3:
        frames = F.avg_pool2d(frames, 3, 1, 1, count_include_pad=False)
    gains = 1 + 0.15 * torch.randn(BATCH, 3, 1, 1, generator=draw)
    offsets = 0.1 * torch.randn(BATCH, 3, 1, 1, generator=draw)
    noise = 0.12 * torch.rand(BATCH, 1, 1, 1, generator=draw) * torch.randn(frames.shape, generator=draw)
    return frames * gains + offsets + noise, references * gains + offsets, kinds


def _paste(frames: Tensor, kinds: Tensor, row: int, labelled: PartFrames, draw: torch.Generator) -> None:
    """Put a piece of any frame, a sixth to a third of a side long, somewhere else into this one."""
    height, width = kinds.shape[1:]
    source = int(torch.randint(len(labelled.frames_BHW3), (1,), generator=draw))
    tall, wide = (int(torch.randint(side // 6, side // 3, (1,), generator=draw)) for side in (height, width))
    y, y_to = (int(at) for at in torch.randint(0, height - tall, (2,), generator=draw))
    x, x_to = (int(at) for at in torch.randint(0, width - wide, (2,), generator=draw))
    piece = labelled.frames_BHW3[source, y : y + tall, x : x + wide][None]
    frames[row, :, y_to : y_to + tall, x_to : x_to + wide] = _unit(piece)[0]
    kinds[row, y_to : y_to + tall, x_to : x_to + wide] = labelled.kinds_BHW[source, y : y + tall, x : x + wide].long()
