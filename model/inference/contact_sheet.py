"""A generated video on one picture: the references, then a row a clip with its prompt and its change across the seam.

A row begins with the first new frame of its clip and ends with the last, so a seam is the end of one row and the
beginning of the next.

Shape legend: C = 3 colours, T frames, H W pixels.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from model.inference.chain import ChainInputs
from model.inference.seams import SeamReport
from model.inference.write_clip import to_bytes

FRAMES, HEIGHT = 8, 192  # of a row, of a tile in pixels
GAP, MARGIN, LINE = 4, 16, 18
INK, SOFT, PAPER = (23, 32, 42), (93, 107, 122), (255, 255, 255)


def contact_sheet(video_CTHW: Tensor, inputs: ChainInputs, report: SeamReport, title: str) -> Image.Image:
    """Draw the sheet of one video."""
    frames_THWC = to_bytes(video_CTHW)
    references = [x for x in (inputs.person_1C1HW, inputs.product_1C1HW) if x is not None]
    tiles = [_tile(to_bytes(reference[0])[0]) for reference in references]
    width = tiles[0].width + GAP
    row = HEIGHT + LINE + 2 * GAP
    size = (2 * MARGIN + (FRAMES + len(tiles)) * width, 2 * MARGIN + LINE + len(inputs.prompts) * row)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    _write(draw, (MARGIN, MARGIN - 4), title, size[0] - 2 * MARGIN, INK)
    for column, tile in enumerate(tiles):
        sheet.paste(tile, (MARGIN + column * width, MARGIN + LINE))
    left = MARGIN + len(tiles) * width + GAP
    for clip, prompt in enumerate(inputs.prompts):
        top = MARGIN + LINE + clip * row
        start = clip * inputs.frames_per_clip
        shown = np.linspace(start, start + inputs.frames_per_clip - 1, FRAMES).round().astype(int)
        for column, frame in enumerate(shown):
            sheet.paste(_tile(frames_THWC[frame]), (left + column * width, top))
        caption = f"frames {shown[0]}-{shown[-1]}{_seam(report, start)}: {prompt}"
        _write(draw, (left, top + HEIGHT + 1), caption, size[0] - left - MARGIN, SOFT)
    return sheet


def _seam(report: SeamReport, start: int) -> str:
    """What the row says of the seam before it; nothing in the first one."""
    found = [seam for seam in report.seams if seam.after_frames == start]
    return f", {found[0].of_median:.1f} x the median change at the seam" if found else ""


def _tile(frame_HWC: np.ndarray) -> Image.Image:
    picture = Image.fromarray(frame_HWC)
    return picture.resize((round(HEIGHT * picture.width / picture.height), HEIGHT), Image.Resampling.BICUBIC)


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, width: int, colour: tuple[int, int, int]) -> None:
    """One line, cut to the width."""
    font = ImageFont.load_default(13)
    while draw.textlength(text, font) > width:
        text = text.removesuffix(" ...")[:-1].rstrip() + " ..."
    draw.text(at, text, colour, font)
