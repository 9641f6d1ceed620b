"""One line of text in a picture, whatever the text holds: line breaks, control characters, any script, any length.

Pillow's own font has the letters of English; a text with others is drawn in DejaVu Sans, which comes with Matplotlib
and has those of European, Cyrillic, Greek and Arabic scripts. What it lacks too (Chinese, emoji) becomes boxes.
"""

from bisect import bisect_left
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from PIL import ImageDraw, ImageFont

from foundation.texts import one_line

MORE = " ..."  # the end of a text that was cut
FONT = "mpl-data/fonts/ttf/DejaVuSans.ttf"


class Ink(NamedTuple):
    """How a line is drawn."""

    size: int  # of the letters, in pixels
    colour: tuple[int, int, int]
    width: float  # pixels at most: a longer text is cut


def draw_line(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, ink: Ink) -> None:
    """Draw the text in one line that begins at the pixel `at` (x, y)."""
    draw.text(at, fitting(draw, one_line(text), ink), ink.colour, font=_font(ink.size, text.isascii()))


def fitting(draw: ImageDraw.ImageDraw, line: str, ink: Ink) -> str:
    """The line, or so much of its beginning that it fits with ` ...` behind it."""
    font = _font(ink.size, line.isascii())
    if draw.textlength(line, font=font) <= ink.width:
        return line
    kept = range(max(0, len(line) - len(MORE)))
    too_long = bisect_left(kept, True, key=lambda count: draw.textlength(line[:count] + MORE, font=font) > ink.width)
    return line[: max(0, too_long - 1)] + MORE


@cache
def _font(size: int, english: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    spec = None if english else find_spec("matplotlib")
    folders = spec.submodule_search_locations if spec else None
    file = Path(folders[0]) / FONT if folders else None
    return ImageFont.truetype(str(file), size) if file and file.exists() else ImageFont.load_default(size)
