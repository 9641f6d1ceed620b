"""A generated video on one picture: the references, then a row a clip with its prompt and its change across the seam.

A row begins with the first new frame of its clip and ends with the last, so a seam is the end of one row and the
beginning of the next.

Shape legend: C = 3 colours, R references, T frames, H W pixels.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from foundation.drawn_text import Ink, draw_line
from foundation.video_frames import Frames
from model.inference.seams import SeamReport

FRAMES, HEIGHT = 8, 192  # of a row, of a tile in pixels
GAP, MARGIN, LINE = 4, 16, 18
INK, SOFT, PAPER = (23, 32, 42), (93, 107, 122), (255, 255, 255)


def contact_sheet(
    frames_THWC: Frames, references_RHWC: Frames, prompts: Sequence[str], seams: SeamReport, title: str
) -> Image.Image:
    """Draw the contact sheet of one video whose clips, one a prompt, are equally long."""
    frames_per_clip = len(frames_THWC) // len(prompts)
    tiles = [_tile(reference_HWC) for reference_HWC in references_RHWC]
    width = tiles[0].width + GAP
    row = HEIGHT + LINE + 2 * GAP
    size = (2 * MARGIN + (FRAMES + len(tiles)) * width, 2 * MARGIN + LINE + len(prompts) * row)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    draw_line(draw, (MARGIN, MARGIN - 4), title, Ink(13, INK, size[0] - 2 * MARGIN))
    for column, tile in enumerate(tiles):
        sheet.paste(tile, (MARGIN + column * width, MARGIN + LINE))
    left = MARGIN + len(tiles) * width + GAP
    for clip, prompt in enumerate(prompts):
        top = MARGIN + LINE + clip * row
        start = clip * frames_per_clip
        shown = np.linspace(start, start + frames_per_clip - 1, FRAMES).round().astype(int)
        for column, frame in enumerate(shown):
            sheet.paste(_tile(frames_THWC[frame]), (left + column * width, top))
        caption = f"frames {shown[0]}-{shown[-1]}{_seam(seams, start)}: {prompt}"
        draw_line(draw, (left, top + HEIGHT + 1), caption, Ink(13, SOFT, size[0] - left - MARGIN))
    return sheet


def _seam(report: SeamReport, start: int) -> str:
    """How a row's caption describes the seam before it; empty for the first row."""
    seams = [seam for seam in report.seams if seam.after_frames == start]
    return f", {seams[0].of_median:.1f} x the median change at the seam" if seams else ""


def _tile(frame_HWC: Frames) -> Image.Image:
    picture = Image.fromarray(frame_HWC)
    return picture.resize((round(HEIGHT * picture.width / picture.height), HEIGHT), Image.Resampling.BICUBIC)
