"""Where a network's experts work: the router's picks on a clip's tokens, latent frame by latent frame, as a picture.

Above, the share of layers and noise levels that pick the head's or the hand's expert; below, the labelled regions.

Shape legend: T latent frames, M layers, I noise levels, N = T rows columns tokens, two latents wide and high each.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluation.measuring.network_answer import NetworkAnswer
from model.contracts import REGIONS

DOES_NOT_DECIDE = "it draws a picture for people, no metric reads it"
COLOURS = {"base": (232, 236, 240), "head": (22, 105, 62), "hand": (168, 31, 20)}
ENLARGED, GAP = 9, 2  # pixels a token, tokens between frames


def router_map(answer: NetworkAnswer) -> Image.Image:
    """The picture of one clip."""
    frames, height, width = answer.rgb_CThw.shape[1:]
    rows, columns = height // 2, width // 2
    grid = (frames, rows, columns)
    lines = [_line(picks_MIN, grid) for picks_MIN in (answer.picks_MIN, answer.labels_MIN)]
    gap_GW3 = np.full((GAP, *lines[0].shape[1:]), 255, np.uint8)
    picture = Image.fromarray(np.concatenate([lines[0], gap_GW3, lines[1]]))
    return picture.resize((picture.width * ENLARGED, picture.height * ENLARGED), Image.Resampling.NEAREST)


def _line(picks_MIN: NDArray[np.integer], grid: tuple[int, int, int]) -> NDArray[np.uint8]:
    """All frames side by side, each token in the mean colour of what is picked for it. [rows, width, 3]"""
    colours_R3 = np.array([COLOURS[region] for region in REGIONS], np.float64)
    mean_N3 = colours_R3[picks_MIN].mean(axis=(0, 1))
    frames_TRC3 = mean_N3.reshape(*grid, 3).round().astype(np.uint8)
    gap_RG3 = np.full((grid[1], GAP, 3), 255, np.uint8)
    parts = [part for frame_RC3 in frames_TRC3 for part in (frame_RC3, gap_RG3)]
    return np.concatenate(parts[:-1], axis=1)
