"""Whatever a camera wrote comes out upright, in square pixels, at 25 frames a second, with its sound in step."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from foundation.footage import SOUND_RATE, Footage
from foundation.media_files import MediaError
from foundation.video_reading import read_video

Film = Callable[..., Path]
Pictures = Callable[..., np.ndarray]


def at_25(path: Path, count: int, first: int = 0, **source: float) -> np.ndarray:
    return np.stack(list(Footage(path, **source).resampled(25, first, count, short_side=720)))


def which(found_THWC: np.ndarray, frames_THWC: np.ndarray) -> list[int]:
    """The number of the written frame that each found one shows."""
    return [int(np.abs(frames_THWC.astype(int) - found).mean(axis=(1, 2, 3)).argmin()) for found in found_THWC]


def test_25_frames_a_second_come_out_as_they_are(film: Film, pictures: Pictures) -> None:
    path = film("a.mp4", pictures(40))
    np.testing.assert_array_equal(at_25(path, 40), read_video(path)[0])
    np.testing.assert_array_equal(at_25(path, 9, first=25), read_video(path)[0][25:34])  # found by seeking


@pytest.mark.parametrize(("rate", "expected"), [(50, [1, 3, 5, 7]), (30, [0, 1, 3, 4]), (20, [0, 1, 2, 2, 3])])
def test_other_rates_are_sampled_in_the_middle_of_each_25th(
    film: Film, pictures: Pictures, rate: int, expected: list[int]
) -> None:
    """A 25th lasts 40 ms and shows what is on screen in its 20th."""
    frames_THWC = pictures(30, step=4)
    assert which(at_25(film("a.mp4", frames_THWC, rate=rate), len(expected)), frames_THWC) == expected


def test_a_variable_rate_is_followed_by_its_timestamps(film: Film, pictures: Pictures) -> None:
    frames_THWC = pictures(8, step=8)
    times = [0, 40, 80, 240, 250, 260, 400, 440]  # the third picture stays for 160 ms, the next two for 10 ms
    path = film("a.mkv", frames_THWC, times=times)
    assert which(at_25(path, 11), frames_THWC) == [0, 1, 2, 2, 2, 2, 5, 5, 5, 5, 6]
    with pytest.raises(ValueError, match="variable frame rate"):
        read_video(path)


def test_a_turned_recording_comes_out_upright(film: Film, pictures: Pictures) -> None:
    frames_THWC = pictures(5)
    for turned in (90, -90, 180):
        path = film(f"{turned}.mp4", frames_THWC, turned=turned)
        (found_HWC,) = at_25(path, 1)
        expected_HWC = np.rot90(frames_THWC[0], turned // 90 % 4)
        assert found_HWC.shape == expected_HWC.shape
        assert np.abs(found_HWC.astype(int) - expected_HWC).mean() < 25
        with pytest.raises(ValueError, match=rf"stored turned by -?{abs(turned)} degrees"):
            read_video(path)


def test_10_bits_become_8(film: Film) -> None:
    ramp_HW = np.add.outer(np.arange(128), np.arange(96)).astype(np.uint8)
    frames_THWC = np.stack([np.stack([ramp_HW, ramp_HW // 2, 255 - ramp_HW], axis=-1)] * 5)
    path = film("10.mp4", frames_THWC, pix_fmt="yuv420p10le")
    with av.open(str(path)) as container:
        assert container.streams.video[0].format.name == "yuv420p10le"
    found_THWC = at_25(path, 5)
    assert found_THWC.dtype == np.uint8
    assert np.abs(found_THWC.astype(int) - frames_THWC).mean() < 2


def test_pixels_become_square_and_4_to_3_stays_4_to_3(film: Film, pictures: Pictures) -> None:
    frames_THWC = pictures(3, height=144, width=180)
    assert at_25(film("dv.mp4", frames_THWC, pixel_aspect=Fraction(16, 15)), 1).shape == (1, 144, 192, 3)
    assert at_25(film("plain.mp4", pictures(3, height=144, width=192)), 1).shape == (1, 144, 192, 3)


def test_large_pictures_are_made_smaller(film: Film, pictures: Pictures) -> None:
    path = film("a.mp4", pictures(3, height=256, width=128))
    (found_HWC,) = Footage(path).resampled(25, 0, 1, short_side=64)
    assert found_HWC.shape == (128, 64, 3)


def test_a_wrong_container_rate_can_be_declared(film: Film, pictures: Pictures) -> None:
    frames_THWC = pictures(48, step=4)
    path = film("a.mp4", frames_THWC, rate=24)
    assert which(at_25(path, 48, frames_per_second=25.0), frames_THWC) == list(range(48))
    assert which(at_25(path, 4, first=40, frames_per_second=25.0), frames_THWC) == [40, 41, 42, 43]


def test_sound_is_in_step_with_the_first_picture(film: Film, pictures: Pictures) -> None:
    clap_S = np.zeros(44_100 * 2, np.float32)
    clap_S[44_100 : 44_100 + 441] = 0.9  # one second after the beginning
    path = film("a.mp4", pictures(50), samples_S=clap_S)
    samples_S = Footage(path).sound()
    assert len(samples_S) == pytest.approx(2 * SOUND_RATE, abs=SOUND_RATE // 20)
    assert np.abs(samples_S).argmax() == pytest.approx(SOUND_RATE, abs=SOUND_RATE // 50)


def test_sound_that_starts_before_the_picture_is_cut(film: Film, pictures: Pictures) -> None:
    clap_S = np.zeros(44_100 * 2, np.float32)
    clap_S[44_100 : 44_100 + 441] = 0.9
    path = film("a.mkv", pictures(20), times=[400 + 40 * number for number in range(20)], samples_S=clap_S)
    assert np.abs(Footage(path).sound()).argmax() == pytest.approx(0.6 * SOUND_RATE, abs=SOUND_RATE // 25)


def test_what_cannot_be_read_is_named(film: Film, pictures: Pictures) -> None:
    path = film("a.mp4", pictures(40))
    with pytest.raises(MediaError, match="no sound stream"):
        Footage(path).sound()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError, match="cannot be read"):
        Footage(path).shown()
