"""Whatever a picture file does with its turning, its depth, its ground and its colours, it is read as it is seen."""

import os
import struct
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from foundation.media_files import MediaError
from foundation.media_limits import MediaLimits
from foundation.pictures import GROUND, read_image, write_image

QUIET = settings(
    derandomize=True, deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TURNS = {  # EXIF orientation -> how the stored picture was made out of the upright one
    1: lambda x: x,
    2: np.fliplr,
    3: lambda x: np.rot90(x, 2),
    4: np.flipud,
    5: lambda x: np.transpose(x, (1, 0, 2)),
    6: lambda x: np.rot90(x, 1),
    7: lambda x: np.rot90(np.transpose(x, (1, 0, 2)), 2),
    8: lambda x: np.rot90(x, -1),
}


def upright() -> np.ndarray:
    """No two corners are alike."""
    picture_HWC = np.full((12, 20, 3), 90, np.uint8)
    picture_HWC[:4, :4], picture_HWC[:4, -4:], picture_HWC[-4:, :4] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    return picture_HWC


def wide_gamut() -> bytes:
    """A matrix profile in the manner of Display P3: sRGB's bytes with the red colorant moved outwards."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    tags = {bytes(profile[132 + 12 * n : 136 + 12 * n]): struct.unpack(">I", profile[136 + 12 * n : 140 + 12 * n])[0]
            for n in range(count)}  # fmt: skip
    red, green = tags[b"rXYZ"] + 8, tags[b"gXYZ"] + 8
    profile[red : red + 12] = struct.pack(">3i", *(round(x * 65536) for x in (0.5151, 0.2412, -0.0011)))
    profile[green : green + 12] = struct.pack(">3i", *(round(x * 65536) for x in (0.2919, 0.6922, 0.0419)))
    return bytes(profile)


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_every_exif_orientation_comes_out_upright(tmp_path: Path, orientation: int, kind: str) -> None:
    exif, path = Image.Exif(), tmp_path / f"turned.{kind}"
    exif[0x0112] = orientation
    lossless = {"lossless": True} if kind == "webp" else {}
    Image.fromarray(np.ascontiguousarray(TURNS[orientation](upright()))).save(path, exif=exif, **lossless)
    np.testing.assert_array_equal(read_image(path)[0], upright())


def test_a_clean_picture_keeps_its_pixels(tmp_path: Path) -> None:
    noise_HWC = np.random.default_rng(0).integers(0, 256, (31, 17, 3), dtype=np.uint8)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, options in (("a.png", {}), ("b.png", {"icc_profile": srgb}), ("a.bmp", {}), ("a.tiff", {})):
        Image.fromarray(noise_HWC).save(tmp_path / name, **options)
        np.testing.assert_array_equal(read_image(tmp_path / name)[0], noise_HWC)
    write_image(tmp_path / "again.png", read_image(tmp_path / "b.png")[0])
    assert "icc_profile" not in Image.open(tmp_path / "again.png").info


@QUIET
@given(colour=st.tuples(*[st.integers(0, 255)] * 4))
def test_what_is_transparent_shows_the_ground_not_what_lies_under_it(tmp_path: Path, colour: tuple[int, ...]) -> None:
    Image.new("RGBA", (3, 2), colour).save(tmp_path / "a.png")
    expected = [round((c * colour[3] + g * (255 - colour[3])) / 255) for c, g in zip(colour[:3], GROUND, strict=True)]
    assert np.abs(read_image(tmp_path / "a.png")[0, 0, 0].astype(int) - expected).max() <= 1


def test_every_way_to_be_transparent_shows_the_ground(tmp_path: Path) -> None:
    palette = Image.new("P", (2, 1), 1)
    palette.putpalette([9, 9, 9, 200, 10, 10])
    palette.putpixel((0, 0), 0)
    palette.save(tmp_path / "palette.png", transparency=0)
    palette.save(tmp_path / "palette.gif", transparency=0)
    Image.fromarray(np.array([[[9, 0], [200, 255]]], np.uint8), "LA").save(tmp_path / "grey.png")
    Image.fromarray(np.array([[9, 200]], np.uint8)).save(tmp_path / "grey_key.png", transparency=9)
    Image.fromarray(np.array([[[9, 9, 9], [200, 10, 10]]], np.uint8)).save(tmp_path / "key.png", transparency=(9, 9, 9))
    Image.fromarray(np.array([[9 * 257, 200 * 257]], np.uint16)).save(tmp_path / "deep.png", transparency=9 * 257)
    for file in tmp_path.iterdir():
        found_1HWC = read_image(file)
        assert tuple(found_1HWC[0, 0, 0]) == GROUND, file.name
        assert found_1HWC[0, 0, 1, 0] == 200, file.name


@QUIET
@given(values=st.lists(st.integers(0, 65_535), min_size=1, max_size=8))
def test_16_bits_become_8_by_scaling(tmp_path: Path, values: list[int]) -> None:
    for name in ("a.png", "a.tiff"):
        Image.fromarray(np.array([values], np.uint16)).save(tmp_path / name)
        expected = np.round(np.array(values) * 255 / 65_535)
        np.testing.assert_array_equal(read_image(tmp_path / name)[0, 0, :, 0], expected)


def test_colour_profiles_become_srgb(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2), (200, 80, 60)).save(tmp_path / "p3.png", icc_profile=wide_gamut())
    red, green, blue = read_image(tmp_path / "p3.png")[0, 0, 0]
    assert red > 205
    assert green < 80
    assert blue < 65
    Image.new("RGBA", (2, 2), (200, 80, 60, 0)).save(tmp_path / "clear.png", icc_profile=wide_gamut())
    assert tuple(read_image(tmp_path / "clear.png")[0, 0, 0]) == GROUND
    lab = Image.new("RGB", (2, 2), (200, 80, 60))
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    ImageCms.applyTransform(lab, to_lab).save(tmp_path / "lab.tiff")
    assert np.abs(read_image(tmp_path / "lab.tiff")[0, 0, 0].astype(int) - (200, 80, 60)).max() <= 4


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def bomb() -> bytes:
    """A PNG of 60000x60000 black pixels, some kilobytes on the disk."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">2I5B", 60_000, 60_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10_000)))
        + chunk(b"IEND", b"")
    )


RED, BLUE = Image.new("RGB", (64, 64), "red"), Image.new("RGB", (64, 64), "blue")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: bomb(), "too large"),
        (lambda: saved(RED, "gif", save_all=True, append_images=[BLUE]), "holds 2 pictures"),
        (lambda: saved(RED, "webp", save_all=True, append_images=[BLUE]), "holds 2 pictures"),
        (lambda: saved(RED, "png", save_all=True, append_images=[BLUE]), "holds 2 pictures"),
        (lambda: saved(RED, "tiff", save_all=True, append_images=[BLUE]), "holds 2 pictures"),
        (lambda: saved(Image.new("CMYK", (8, 8)), "jpeg"), "CMYK inks without a colour profile"),
        (lambda: saved(Image.new("F", (8, 8)), "tiff"), "values of the kind F"),
        (lambda: saved(Image.new("I", (8, 8)), "tiff"), "32-bit numbers without a range"),
        (lambda: saved(RED, "png", icc_profile=b"no profile at all"), "colour profile that cannot be applied"),
        (lambda: saved(RED, "png")[:90], "cannot be read"),
        (lambda: saved(RED, "jpeg")[:500], "cannot be read"),
        (lambda: saved(RED, "eps"), "cannot be read"),
        (lambda: b"#!/bin/sh\n", "cannot be read"),
        (lambda: b"", "cannot be read: it is empty"),
    ],
)
def test_what_would_be_a_guess_is_refused_by_name(tmp_path: Path, content: object, message: str) -> None:
    (tmp_path / "p.png").write_bytes(content())  # type: ignore[operator]
    with pytest.raises(MediaError, match=rf"p\.png .*{message}.*: "):
        read_image(tmp_path / "p.png")


def test_a_phones_picture_with_more_pictures_behind_it_is_its_first(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(saved(RED, "mpo", save_all=True, append_images=[BLUE]))
    assert np.abs(read_image(tmp_path / "p.jpg")[0, 0, 0].astype(int) - (255, 0, 0)).max() < 4


@pytest.mark.timeout(20)
def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.png")
    with pytest.raises(MediaError, match="no regular file"):
        read_image(tmp_path / "p.png")


def test_limits_are_given(tmp_path: Path) -> None:
    RED.save(tmp_path / "p.png")
    with pytest.raises(MediaError, match=r"the limit is 0\.001 megapixels"):
        read_image(tmp_path / "p.png", MediaLimits(picture_megapixels=0.001))


@settings(QUIET, max_examples=120)
@given(
    place=st.integers(0, 10_000), byte=st.integers(0, 255), kind=st.sampled_from(["png", "jpeg", "tiff", "webp", "gif"])
)
def test_a_damaged_byte_is_read_or_named(tmp_path: Path, place: int, byte: int, kind: str) -> None:
    options = {"icc_profile": wide_gamut()} if kind != "gif" else {}
    content = bytearray(saved(Image.fromarray(upright()), kind, **options))
    content[place % len(content)] = byte
    (tmp_path / "p").write_bytes(content)
    with suppress(MediaError):  # nothing else may be raised
        found_1HWC = read_image(tmp_path / "p")
        assert (found_1HWC.dtype, found_1HWC.ndim, found_1HWC.shape[3]) == (np.uint8, 4, 3)
