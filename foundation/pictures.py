"""Reading any picture that is delivered or given, as a person sees it: the one way from a picture file to RGB.

Upright as its EXIF says; what is transparent shows a white ground, never the colours that an editor left under it; 16
bits become 8 by scaling, not by cutting; a colour profile becomes sRGB. What would be a guess (inks without a profile,
a moving picture, numbers without a range) is refused by name, and a picture too large before it is decoded.
"""

import struct
import warnings
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageOps

from foundation.media_files import MediaError, check_file
from foundation.media_limits import LIMITS, MEGA, MediaLimits
from foundation.plain_faults import one_line
from foundation.video_frames import Frames

# H height, W width, C = 3 colours (RGB)
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
GROUND = (255, 255, 255)  # what shows through where a picture is transparent: references stand on white
SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
PLAIN = ("1", "L", "RGB", "RGBX", "YCbCr")
WITH_ALPHA = ("LA", "PA", "RGBA", "La", "RGBa")
SAME_COLOUR = 1  # level by which a profile may move a colour and still be sRGB under another name
BROKEN = (OSError, SyntaxError, ValueError, KeyError, IndexError, TypeError, OverflowError, EOFError)
BROKEN_INSIDE = (*BROKEN, struct.error, zlib.error, MemoryError)


def read_image(path: Path, limits: MediaLimits = LIMITS) -> Frames:
    """A picture of any usual kind as RGB, uint8 [1,H,W,3].

    Raises:
        MediaError: the file is missing, no picture, broken, too large, moving, or of colours that cannot be told.
    """
    check_file(path, limits)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of size, which is judged here; of metadata that nobody reads
            with Image.open(path, formats=FORMATS) as picture:
                _check(path, picture, limits)
                picture.load()
                profile = picture.info.get("icc_profile")
                return np.asarray(_rgb(path, ImageOps.exif_transpose(picture), profile))[None]
    except MediaError:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit, which no configuration raises
        raise MediaError(path, "too_large", f"is too large ({error}): make it smaller") from error
    except BROKEN_INSIDE as error:
        reason = one_line(str(error)).replace(f" {str(path)!r}", "") or type(error).__name__
        raise MediaError(path, "unreadable", f"cannot be read ({reason}): give a PNG or JPEG file") from error


def write_image(path: Path, rgb_HWC: Frames) -> None:
    """Write RGB, uint8 [H,W,3], as the file's ending says."""
    Image.fromarray(rgb_HWC).save(path)


def _check(path: Path, picture: Image.Image, limits: MediaLimits) -> None:
    megapixels = picture.width * picture.height / MEGA
    if megapixels > limits.picture_megapixels:
        size = f"{picture.width}x{picture.height} pixels, the limit is {limits.picture_megapixels:g} megapixels"
        raise MediaError(
            path,
            "too_large",
            f"is too large ({size}): make it smaller, or raise limits.picture_megapixels of the batch",
        )
    moving = picture.format != "MPO"  # a phone's JPEG with more pictures behind the first, which is the one it took
    if moving and getattr(picture, "n_frames", 1) > 1:
        raise MediaError(path, "moving", f"holds {_frames(picture)} pictures: give one of them as a PNG or JPEG file")


def _frames(picture: Any) -> int:
    return picture.n_frames


def _rgb(path: Path, picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours first, then what is transparent: a profile speaks of colours, not of the ground."""
    if picture.mode in SIXTEEN_BITS or picture.mode == "I":
        picture = _eight_bits(path, picture)
    if picture.mode == "P":
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    elif picture.mode in PLAIN and "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode in ("La", "PA", "RGBa"):
        picture = picture.convert("LA" if picture.mode == "La" else "RGBA")
    if picture.mode in WITH_ALPHA:
        colours = picture.convert("L" if picture.mode == "LA" else "RGB")
        alpha = picture.getchannel("A")
        ground = Image.new("RGB", picture.size, GROUND)
        return Image.composite(_srgb(path, colours, profile), ground, alpha)
    return _srgb(path, picture, profile)


def _eight_bits(path: Path, picture: Image.Image) -> Image.Image:
    """16 bits by scaling; a single grey value that a PNG calls transparent becomes alpha."""
    grey_HW = np.asarray(picture)
    if picture.mode == "I" and (picture.format != "PNG" or grey_HW.min() < 0 or grey_HW.max() > 65_535):
        raise MediaError(path, "colours", "holds 32-bit numbers without a range: save it with 8 or 16 bits")
    eight_HW = np.round(grey_HW.astype(np.float32) / 257).astype(np.uint8)
    scaled = Image.fromarray(eight_HW)
    if (hidden := picture.info.get("transparency")) is not None:
        alpha = Image.fromarray(np.where(grey_HW == hidden, 0, 255).astype(np.uint8))
        return Image.merge("LA", (scaled, alpha))
    return scaled


def _srgb(path: Path, picture: Image.Image, profile: bytes | None) -> Image.Image:
    if picture.mode == "LAB":
        return _converted(path, picture, ImageCms.createProfile("LAB"))
    if profile:
        try:
            given = ImageCms.ImageCmsProfile(BytesIO(profile))
        except (OSError, ImageCms.PyCMSError) as error:
            raise _wrong_profile(path) from error
        return _converted(path, picture, given)
    if picture.mode in PLAIN:
        return picture.convert("RGB")
    kind = "CMYK inks without a colour profile" if picture.mode == "CMYK" else f"values of the kind {picture.mode}"
    raise MediaError(path, "colours", f"holds {kind}, which is no colour yet: save it as RGB")


def _converted(path: Path, picture: Image.Image, profile: Any) -> Image.Image:
    """Through the profile, but where the profile is sRGB itself: then not a level moves by rounding."""
    if picture.mode in ("1", "RGBX", "YCbCr"):
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    try:
        transform: Any = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), picture.mode, "RGB")
    except (ValueError, ImageCms.PyCMSError) as error:
        raise _wrong_profile(path) from error
    if picture.mode in ("L", "RGB"):
        colours = _every_colour(picture.mode)
        apart = np.asarray(transform.apply(colours), np.int16) - np.asarray(colours.convert("RGB"), np.int16)
        if np.abs(apart).max() <= SAME_COLOUR:
            return picture.convert("RGB")
    return transform.apply(picture)


def _every_colour(mode: str) -> Image.Image:
    """A picture of colours from all over the cube, or of every grey."""
    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    levels = np.arange(0, 256, 17, dtype=np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(16, -1, 3))


def _wrong_profile(path: Path) -> MediaError:
    return MediaError(path, "colours", "has a colour profile that cannot be applied to it: save it as sRGB")
