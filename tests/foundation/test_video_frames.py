"""Hidden frames do not count, colours follow their tags, HDR is refused: the same in clips and in long recordings."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.footage import Footage
from foundation.media_files import MediaError
from foundation.media_limits import MediaLimits
from foundation.video_frames import same_rate
from foundation.video_reading import probe_video, read_video

Media = Callable[..., Path]
QUICK = settings(derandomize=True, deadline=None, max_examples=200)
RATES = [Fraction(24_000, 1001), Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(30), Fraction(50)]


def both(path: Path, count: int = 1) -> list[np.ndarray]:
    """The first frames, as a clip and as footage."""
    return [read_video(path)[0][:count], np.stack(list(Footage(path).resampled(25, 0, count, 720)))]


def test_a_clip_trimmed_without_encoding_has_the_frames_that_are_presented(
    film: Media, pictures: Media, trimmed: Callable[..., Path], tmp_path: Path
) -> None:
    source = film("a.mp4", pictures(50))
    path = trimmed(source, tmp_path / "cut.mp4", 0.6)
    shown_THWC, rate = read_video(path)
    assert rate == 25.0
    assert probe_video(path)[:2] == (len(shown_THWC), pytest.approx(25.0))
    np.testing.assert_array_equal(shown_THWC, read_video(source)[0][15 : 15 + len(shown_THWC)])
    assert len(shown_THWC) == 35
    np.testing.assert_array_equal(both(path, 19)[1], shown_THWC[:19])
    assert Footage(path).shown().frames == len(shown_THWC)


def test_a_trimmed_clip_that_is_cut_short_is_still_named(
    film: Media, pictures: Media, trimmed: Callable[..., Path], tmp_path: Path
) -> None:
    path = trimmed(film("a.mp4", pictures(50)), tmp_path / "cut.mkv", 0.6)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert len(read_video(path)[0]) < 35  # mkv does not say how many there are


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, (238, 127, 79)),
        ({"colorspace": Colorspace.ITU601, "color_range": ColorRange.MPEG}, (238, 127, 79)),
        ({"colorspace": Colorspace.ITU709, "color_range": ColorRange.MPEG}, (249, 136, 75)),
        ({"colorspace": Colorspace.BT2020, "color_range": ColorRange.MPEG}, (243, 129, 74)),
        ({"colorspace": Colorspace.ITU601, "color_range": ColorRange.JPEG}, (222, 125, 82)),
    ],
)
def test_matrix_and_range_follow_the_tags(flat: Media, tags: dict[str, int], expected: tuple[int, ...]) -> None:
    for found_THWC in both(flat("a.mp4", (150, 90, 180), **tags)):
        np.testing.assert_allclose(found_THWC[0, 10, 10], expected, atol=2)


@pytest.mark.parametrize("primaries", [ColorPrimaries.BT2020, ColorPrimaries.SMPTE432])
def test_wide_colours_become_srgb(flat: Media, primaries: int) -> None:
    tags = {"colorspace": Colorspace.ITU709, "color_range": ColorRange.MPEG, "color_trc": ColorTrc.BT709}
    plain, wide = (
        both(flat(f"{name}.mp4", (140, 110, 150), color_primaries=value, **tags))
        for name, value in (("plain", ColorPrimaries.BT709), ("wide", primaries))
    )
    assert wide[0][0, 10, 10, 0] > plain[0][0, 10, 10, 0] + 3, "more red, said with sRGB's paler red"
    np.testing.assert_allclose(wide[0], wide[1], atol=1)


@pytest.mark.parametrize(
    ("transfer", "message"), [(ColorTrc.SMPTE2084, "PQ"), (ColorTrc.ARIB_STD_B67, "HLG"), (ColorTrc.LINEAR, "linear")]
)
def test_hdr_is_refused_everywhere(flat: Media, transfer: int, message: str) -> None:
    path = flat("a.mp4", (150, 90, 180), color_trc=transfer, colorspace=Colorspace.BT2020)
    for read in (read_video, probe_video, lambda path: Footage(path).shown(), both):
        with pytest.raises(MediaError, match=rf"a\.mp4 is {message}.*: convert it to standard range"):
            read(path)


def test_pixels_that_are_not_square_are_corrected_in_footage_and_refused_in_clips(film: Media, pictures: Media) -> None:
    path = film("a.mp4", pictures(5, height=144, width=180), pixel_aspect=Fraction(16, 15))
    assert Footage(path).shown().pixel_aspect == pytest.approx(16 / 15)
    with pytest.raises(MediaError, match=r"not square \(1\.067 times as wide as high\)"):
        read_video(path)
    rounded = film("b.mp4", pictures(5), pixel_aspect=Fraction(640, 639))
    np.testing.assert_array_equal(*both(rounded, 5))


def test_large_pictures_are_refused_before_they_are_decoded(flat: Media) -> None:
    path = flat("8k.mp4", (90, 90, 90), size=(7680, 4320))
    whole = path.read_bytes()
    first, last = whole.index(b"mdat") + 4, whole.index(b"moov") - 4
    path.write_bytes(whole[:first] + bytes(last - first) + whole[last:])  # decoding it would name another fault
    for read in (read_video, probe_video, lambda path: Footage(path).shown()):
        with pytest.raises(MediaError, match=r"too large \(33\.2 megapixels a frame, the limit is 9\)"):
            read(path)
    small = MediaLimits(clip_gigabytes=1e-5)
    with pytest.raises(MediaError, match="too long to be held in memory"):
        read_video(flat("a.mp4", (90, 90, 90)), limits=small)


@QUICK
@given(rate=st.sampled_from(RATES), decimals=st.integers(2, 6))
def test_a_rate_is_the_one_that_a_person_types(rate: Fraction, decimals: int) -> None:
    assert same_rate(float(rate), round(float(rate), decimals), 81)


@QUICK
@given(rate=st.sampled_from(RATES), frames=st.integers(5, 2000), longer=st.floats(-0.002, 0.002))
def test_a_millisecond_of_jitter_is_no_other_rate(rate: Fraction, frames: int, longer: float) -> None:
    """At either end of the clip."""
    assert same_rate(frames / (frames / float(rate) + longer), float(rate), frames)


@QUICK
@given(one=st.sampled_from(RATES), other=st.sampled_from(RATES), frames=st.integers(5, 2000))
def test_other_rates_are_others(one: Fraction, other: Fraction, frames: int) -> None:
    if abs(float(one / other) - 1) > 0.01:
        assert not same_rate(float(one), float(other), frames)
