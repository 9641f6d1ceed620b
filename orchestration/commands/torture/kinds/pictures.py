"""Pictures as phones, designers, scanners and attackers deliver them."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from orchestration.commands.torture.case import Case, Outcome, clip_id, media

FIELD = "person_image"
Picture = NDArray[np.uint8]
LEVELS = 12.0  # of 255, mean difference that a lossy format and a smaller size may make
# EXIF orientation -> what a camera did to the upright picture before it wrote it
TURNED: dict[int, Callable[[Picture], Picture]] = {
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}


def draw(rng: Random, number: int) -> Case:
    """The reference picture of one clip, written anew."""
    clip = rng.randrange(3)
    story, expected, write = WAYS[number % len(WAYS)]

    def change(delivery: Path) -> None:
        file = media(delivery, clip, FIELD)
        with Image.open(file) as picture:
            upright_HWC = np.asarray(picture.convert("RGB"))
        write(file, upright_HWC)
        np.save(delivery.parent / f".{delivery.name}.upright.npy", upright_HWC)

    def check(prepared: Path) -> str | None:
        kept = prepared.parents[1] / "raw" / f".{prepared.name}.upright.npy"
        with Image.open(media(prepared, clip, FIELD)) as picture:
            seen_HWC = np.asarray(picture.convert("RGB")).astype(float)
        off = float(np.abs(seen_HWC - np.load(kept)).mean())
        return f"the picture is off by {off:.1f} levels" if off > LEVELS else None

    return Case(
        f"picture: {story}", change, expected, (clip_id(clip), FIELD), check=check if expected == "taken" else None
    )


def _oriented(orientation: int) -> Callable[[Path, Picture], object]:
    def write(file: Path, upright_HWC: Picture) -> None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        turned = np.ascontiguousarray(TURNED[orientation](upright_HWC))
        Image.fromarray(turned).save(file, "JPEG", quality=97, subsampling=0, exif=exif)

    return write


def _hidden_colours(file: Path, upright_HWC: Picture) -> None:
    """Opaque throughout, except a corner whose hidden colour is a loud one."""
    alpha = np.full(upright_HWC.shape[:2], 255, np.uint8)
    alpha[:4, :4] = 0
    colours = upright_HWC.copy()
    colours[:4, :4] = (255, 0, 255)
    Image.fromarray(np.dstack([colours, alpha])).save(file, "PNG")


def _sixteen_bits(file: Path, upright_HWC: Picture) -> None:
    grey = upright_HWC.astype(np.uint16).mean(axis=2).astype(np.uint16) * 257
    Image.fromarray(grey).save(file, "PNG")


def _bomb(side: int) -> Callable[[Path, Picture], object]:
    """A PNG of a few kilobytes that unpacks to side x side pixels."""

    def write(file: Path, _upright: Picture) -> None:
        header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
        packed = zlib.compress(b"\0" * min(side * (side // 8 + 1), 50_000_000))
        chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", packed), _chunk(b"IEND", b""))
        file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))

    return write


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _as(kind: str, mode: str = "RGB") -> Callable[[Path, Picture], object]:
    return lambda file, upright_HWC: Image.fromarray(upright_HWC).convert(mode).save(file, kind)


def _text(content: bytes) -> Callable[[Path, Picture], object]:
    return lambda file, _upright: file.write_bytes(content)


def _cut(file: Path, _upright: Picture) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def _tiny(file: Path, _upright: Picture) -> None:
    Image.new("RGB", (1, 1)).save(file, "PNG")


WAYS: tuple[tuple[str, Outcome, Callable[[Path, Picture], object]], ...] = (
    *(((f"EXIF orientation {turn}", "taken", _oriented(turn))) for turn in TURNED),
    ("transparent corner with a hidden colour", "taken", _hidden_colours),
    ("16 bits of grey", "either", _sixteen_bits),
    ("JPEG under the name of a PNG", "taken", _as("JPEG")),
    ("WebP under the name of a PNG", "either", _as("WEBP")),
    ("CMYK", "either", lambda file, upright: Image.fromarray(upright).convert("CMYK").save(file, "JPEG")),
    ("palette", "either", _as("GIF", "P")),
    ("BMP", "either", _as("BMP")),
    ("1-bit", "either", _as("PNG", "1")),
    ("a bomb of 30,000 x 30,000", "refused", _bomb(30_000)),
    ("a bomb of 2 billion pixels a side", "refused", _bomb(2_000_000_000)),
    ("a text", "refused", _text(b"#!/bin/sh\ntouch PWNED\n")),
    (
        "SVG that reads a file",
        "refused",
        _text(b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'),
    ),
    ("PostScript", "refused", _text(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 96\n(/etc/passwd) run\n")),
    ("cut short", "refused", _cut),
    ("one pixel", "either", _tiny),
)
