"""Where clips are cut: inside shots, on a grid, and not where nothing can be seen or heard."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from data.sources.raw_video import FootageRules
from data.sources.raw_video.stretches import stretches
from data.sources.raw_video.survey import Survey, laplacian_variance, look_through, shots
from foundation.clip_format import ClipFormat
from foundation.footage import Footage
from foundation.media_files import MediaError

Film = Callable[..., Path]
Pictures = Callable[..., np.ndarray]
RULES = FootageRules()
CLIP = ClipFormat(frames=9, frames_per_second=25, height=96, width=64, motion_frames=5)


def seen(count: int, rate: float = 25.0, speech: float = 1.0) -> Survey:
    """A survey of sharp, moving, spoken footage."""
    as_array = [np.full(count, value, np.float32) for value in (2.0, 200.0)]
    seconds_N = (np.arange(count) / rate).astype(np.float32)
    return Survey(seconds_N, count / rate, *as_array, np.full(round(count / rate * 31.25), speech, np.float32))


def spans(found: Survey, clip: ClipFormat = CLIP) -> tuple[list[int], list[tuple[str, float, float]]]:
    kept, rejected = stretches("a.mp4", found, clip, RULES)
    return [one.first_frame for one in kept], [
        (one.reason, one.from_seconds or 0.0, one.to_seconds or 0.0) for one in rejected
    ]


def test_clips_follow_each_other_after_the_first_motion_frames() -> None:
    first_frames, rejected = spans(seen(5 + 3 * 9 + 4))
    assert first_frames == [5, 14, 23]
    assert rejected == [("too_short", 32 / 25, 36 / 25)]
    assert spans(seen(5 + 9)) == ([5], [])


def test_a_cut_separates_clips_and_their_motion() -> None:
    found = seen(40)
    found.difference_N[20] = 60
    first_frames, rejected = spans(found)
    assert first_frames == [5, 25]  # frames 0..19: one clip; 20..39: five of motion, one clip
    assert [reason for reason, *_ in rejected] == ["too_short", "too_short"]


def test_a_shot_without_room_for_its_motion_is_one_rejection() -> None:
    assert spans(seen(13)) == ([], [("too_short", 0.0, 13 / 25)])


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [("sharpness_N", 4.0, "blurred"), ("difference_N", 0.01, "static"), ("speech_M", 0.1, "no_speech")],
)
def test_a_bad_stretch_is_named_with_value_and_threshold(field: str, value: float, reason: str) -> None:
    found = seen(5 + 4 * 9)
    per_second = len(getattr(found, field)) / found.ends
    getattr(found, field)[int(14 / 25 * per_second) : int(23 / 25 * per_second)] = value
    kept, rejected = stretches("a.mp4", found, CLIP, RULES)
    assert [one.first_frame for one in kept] == [5, 23, 32]
    (one,) = rejected
    assert (one.video, one.reason, one.from_seconds, one.to_seconds) == ("a.mp4", reason, 14 / 25, 23 / 25)
    assert isinstance(one.value, float)
    assert one.threshold is not None
    assert one.value < one.threshold


def test_50_frames_a_second_move_as_much_as_25() -> None:
    slow, fast = seen(50), seen(100, rate=50)
    fast.difference_N[:] = 1.0  # half the way in half the time
    values = [stretches("a", found, CLIP, RULES)[0][0].measured["movement"] for found in (slow, fast)]
    assert values[0] == pytest.approx(values[1], rel=0.15)


def test_cuts_are_found_in_footage_and_fast_movement_is_none(film: Film, pictures: Pictures, sound: Callable) -> None:
    quiet, other = pictures(20, block=16), pictures(20, seed=1, block=16)
    fast = pictures(20, seed=2, block=32, step=5)
    path = film("a.mp4", np.concatenate([quiet, other, fast]), samples_S=sound(2.4))
    found = look_through(Footage(path), Footage(path).sound())
    assert found.difference_N[45:60].min() > RULES.cut_difference, "everything moves fast there"
    assert [round(begins, 3) for begins, _ in shots(found, RULES)] == [0.0, 0.8, 1.6]


def test_a_survey_is_remembered_as_it_was(film: Film, pictures: Pictures, sound: Callable, tmp_path: Path) -> None:
    path = film("a.mp4", pictures(30), samples_S=sound(1.2))
    found = look_through(Footage(path), Footage(path).sound())
    found.save(tmp_path / "survey.npz")
    again = Survey.load(tmp_path / "survey.npz")
    assert again.ends == found.ends == pytest.approx(1.2)
    for name in ("seconds_N", "difference_N", "sharpness_N", "speech_M"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))


def test_detail_falls_with_blur(pictures: Pictures) -> None:
    picture = Image.fromarray(pictures(1)[0]).convert("L")
    values = [
        laplacian_variance(np.asarray(picture.filter(ImageFilter.GaussianBlur(radius)))) for radius in (0, 1, 2, 4)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] > 50 * values[-1]


def test_one_frame_is_no_footage(film: Film, pictures: Pictures, sound: Callable) -> None:
    path = film("a.mp4", pictures(1), samples_S=sound(0.5))
    with pytest.raises(MediaError, match="1 frames") as refused:
        look_through(Footage(path), Footage(path).sound())
    assert refused.value.reason == "too_short"
