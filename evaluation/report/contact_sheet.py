"""The contact sheet: one row a clip, references, true and generated frames side by side, large enough to read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from foundation.drawn_text import Ink, draw_line

Picture = NDArray[np.uint8]

DOES_NOT_DECIDE = "it draws pictures for people, no metric reads them"
GAP, MARGIN, HEADER, CAPTION = 4, 16, 30, 20
INK, SOFT, PAPER = (23, 32, 42), (93, 107, 122), (255, 255, 255)


@dataclass(frozen=True)
class SheetRow:
    """One clip: pictures uint8 [H,W,3] and frames uint8 [T,H,W,3], all of one size."""

    caption: str
    person_HW3: Picture
    product_HW3: Picture | None
    truth_THW3: Picture
    generated_THW3: Picture


def contact_sheet(rows: Sequence[SheetRow], picture_height: int = 168, moments: int = 4) -> Image.Image:
    """Draw the sheet: person, product, `moments` true frames, as many generated ones at the same times."""
    height, width = rows[0].person_HW3.shape[:2]
    size = round(picture_height * width / height), picture_height
    columns = 2 + 2 * moments
    row_height = size[1] + CAPTION + GAP
    groups = [("person", 1), ("product", 1), ("truth", moments), ("generated", moments)]
    sheet_width = 2 * MARGIN + columns * (size[0] + GAP) + (len(groups) - 1) * MARGIN
    sheet = Image.new("RGB", (sheet_width, 2 * MARGIN + HEADER + len(rows) * row_height), PAPER)
    draw = ImageDraw.Draw(sheet)
    lefts = _column_lefts(groups, size[0])
    for (title, _), left in zip(groups, [lefts[0], lefts[1], lefts[2], lefts[2 + moments]], strict=True):
        draw.text((left, MARGIN), title, INK, ImageFont.load_default(16))
    for index, row in enumerate(rows):
        top = MARGIN + HEADER + index * row_height
        for left, picture in zip(lefts, _pictures(row, moments), strict=True):
            if picture is not None:
                sheet.paste(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS), (left, top))
        draw_line(draw, (MARGIN, top + size[1] + 1), row.caption, Ink(13, SOFT, sheet_width - 2 * MARGIN))
    return sheet


def _column_lefts(groups: Sequence[tuple[str, int]], width: int) -> list[int]:
    """Left edges of all columns; groups stand apart."""
    lefts, left = [], MARGIN
    for _, count in groups:
        lefts += [left + index * (width + GAP) for index in range(count)]
        left += count * (width + GAP) + MARGIN
    return lefts


def _pictures(row: SheetRow, moments: int) -> list[Picture | None]:
    frames = np.linspace(0, len(row.truth_THW3) - 1, moments + 1).round().astype(int)[1:]
    return [
        row.person_HW3,
        row.product_HW3,
        *row.truth_THW3[frames],
        *row.generated_THW3[frames],
    ]
