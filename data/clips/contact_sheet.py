"""contact_sheet.png of a prepared batch: a strip a clip, so that a person sees in seconds what will be learnt from.

Person and product reference, then frames with their boxes drawn, and the HOI structure video under them.
"""

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from data.clips.region_boxes import expected_frames
from data.contracts import ClipRecord, FrameBoxes
from foundation.drawn_text import Ink, draw_line
from foundation.pictures import read_image
from foundation.video_reading import read_video

# H height, W width, C = 3 colours (RGB)
Picture = Image.Image
CLIPS, ACROSS, COLUMNS = 8, 2, 6  # clips on the sheet, clips side by side, frames of a clip
TILE_HEIGHT = 176  # pixels of one picture on the sheet
GAP, TITLE = 6, 44
BACKGROUND, INK, FAINT = (250, 250, 248), (40, 40, 44), (120, 120, 128)
COLOURS = {"face": (255, 196, 0), "left_hand": (0, 200, 255), "right_hand": (255, 70, 140), "product": (110, 220, 90)}


def draw_contact_sheet(prepared: Path, records: Sequence[ClipRecord], note: str = "") -> Path:
    """Draw up to 8 clips, spread over the batch, into contact_sheet.png; `note` goes into its title."""
    shown = [records[index] for index in np.unique(np.linspace(0, len(records) - 1, CLIPS).round().astype(int))]
    strips = [draw_strip(prepared, record) for record in shown]
    width, height = strips[0].width + 2 * GAP, strips[0].height + GAP
    across = min(ACROSS, len(strips))
    sheet = Image.new("RGB", (width * across, TITLE + height * ceil(len(strips) / across)), BACKGROUND)
    title = f"{prepared.name}: {len(shown)} of {len(records)} clips" + (f"; {note}" if note else "")
    _title(ImageDraw.Draw(sheet), sheet.width, title)
    for number, strip in enumerate(strips):
        sheet.paste(strip, (GAP + width * (number % across), TITLE + height * (number // across)))
    sheet.save(prepared / "contact_sheet.png")
    return prepared / "contact_sheet.png"


def _title(draw: ImageDraw.ImageDraw, width: int, text: str) -> None:
    draw_line(draw, (GAP, 6), text, Ink(16, INK, width - GAP))
    left = GAP
    for name, colour in COLOURS.items():
        draw.rectangle((left, 29, left + 9, 38), fill=colour)
        draw.text((left + 13, 26), name.replace("_", " "), FAINT, font=ImageFont.load_default(11))
        left += 24 + int(draw.textlength(name, font=ImageFont.load_default(11)))


def draw_strip(prepared: Path, record: ClipRecord, wanted: Sequence[int] = ()) -> Picture:
    """[person, product | frames above HOI frames], the clip's id and prompt under them.

    `wanted`: frames that are to be seen, where the clip has them; the others are spread over it.
    """
    rgb_THWC, _ = read_video(prepared / record.video)
    hoi_THWC, _ = read_video(prepared / record.hoi_video)
    shortest = min(len(rgb_THWC), len(hoi_THWC))  # of a clip with a fault
    frames = [frame for frame in expected_frames(record.frames) if frame < shortest] or [0]
    first = [frame for frame in frames if frame in set(wanted)][:COLUMNS]
    others = [frame for frame in frames if frame not in first]
    room = min(COLUMNS - len(first), len(others))
    spread = [others[index] for index in np.linspace(0, len(others) - 1, room).round().astype(int)]
    chosen = sorted([*first, *spread])
    references = [_reference(prepared, record.person_image), _reference(prepared, record.product_image)]
    above = [_with_boxes(_tile(rgb_THWC[frame]), record, frame) for frame in chosen]
    below = [_tile(hoi_THWC[frame]) for frame in chosen]
    width, height = above[0].size
    strip = Image.new("RGB", ((width + GAP) * (len(chosen) + 1) + GAP, 2 * height + 22), BACKGROUND)
    for line, picture in enumerate(references):
        strip.paste(picture.resize((width, height)), (0, line * height))
    for column, (rgb, hoi) in enumerate(zip(above, below, strict=True), 1):
        strip.paste(rgb, (column * (width + GAP), 0))
        strip.paste(hoi, (column * (width + GAP), height))
    _caption(strip, f"{record.clip_id}  {record.prompt}", 2 * height + 3)
    return strip


def _caption(strip: Picture, text: str, top: int) -> None:
    draw_line(ImageDraw.Draw(strip), (0, top), text, Ink(12, INK, strip.width))


def _reference(prepared: Path, image: str | None) -> Picture:
    if image is None:
        return Image.new("RGB", (8, 8), BACKGROUND)
    return _tile(read_image(prepared / image)[0])


def _tile(frame_HWC: NDArray[np.uint8]) -> Picture:
    height, width = frame_HWC.shape[:2]
    size = (round(width * TILE_HEIGHT / height), TILE_HEIGHT)
    sampling = Image.Resampling.NEAREST if height * 2 <= TILE_HEIGHT else Image.Resampling.BICUBIC
    return Image.fromarray(frame_HWC).resize(size, sampling)


def _with_boxes(tile: Picture, record: ClipRecord, frame: int) -> Picture:
    draw, scale = ImageDraw.Draw(tile), tile.height / record.height
    for name, box in record.boxes.get(frame, FrameBoxes()).model_dump(exclude_none=True).items():
        x1, y1, x2, y2 = box
        ordered = (min(x1, x2), min(y1, y2), max(x1, x2) + 1, max(y1, y2) + 1)
        corners = [round(edge * scale) for edge in ordered]
        draw.rectangle((corners[0], corners[1], corners[2] - 1, corners[3] - 1), outline=COLOURS[name], width=2)
    return tile
