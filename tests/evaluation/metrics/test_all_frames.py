"""Each planted damage moves the metric that is made for it, in whatever frames it lies, and spares the others.

Before these metrics, another face upside down, a third hand or noise in every frame without boxes changed no number.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from evaluation.audit import _damages as plant
from evaluation.catalogue import families
from evaluation.measuring.clip import Frames, MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric
from evaluation.measuring.per_frame import mean
from tests.evaluation.metrics.studio_clips import measured, recognised

HAND_CLIP = 3  # one where even a part map fitted in seconds sees both hands


@pytest.fixture(scope="module")
def clips() -> list[MeasuredClip]:
    return [recognised(index) for index in range(4)]


def _value(name: str, clips: list[MeasuredClip], frames: Frames, at: int = HAND_CLIP) -> float:
    metric = families()[name]
    assert isinstance(metric, ClipMetric)
    value = metric.measure_among(clips)(clips[at], frames)
    return mean(value) if isinstance(value, Sequence) else value


def _planted(damage: plant.Damage, clips: list[MeasuredClip], at: int = HAND_CLIP) -> Frames:
    clip, other = clips[at], clips[(at + 1) % len(clips)]
    return damage(clip, other, given(clip.truth))


DAMAGES: dict[str, tuple[plant.Damage, str, float]] = {  # damage, the metric that must move, by at least so much
    "face": (plant.other_face(), "face_error_lab_all_frames", 5),
    "face upside down": (plant.other_face(upside_down=True), "face_oddness_all_frames", 0.5),
    "noise around the face": (plant.noise_around_face, "background_wrong_frames", 0.7),
    "noise in some frames": (plant.noisy(40, 0.1), "clothes_wrong_frames", 0.08),
    "flicker": (plant.flicker(0.05), "flicker_lab_all_frames", 1),
    "drift": (plant.drifting(30), "background_error_lab_all_frames", 3),
    "third hand": (plant.third_hand(1.0), "hand_count_wrong_frames", 0.5),
    "hands aside": (plant.hands_moved(8, 1.0), "hand_error_px_all_frames", 1.2),
    "hands aside now and then": (plant.hands_moved(16, 0.25), "hand_off_frames", 0.1),
    "product inverted": (plant.product_inverted, "product_error_lab_all_frames", 30),
    "product swapped": (plant.product_swapped, "product_recognised_frames", -0.5),
    "mouth late": (plant.mouth_late(3), "mouth_frames_late", 1.5),
    "frozen": (plant.frozen(8), "frozen_frames", 0.1),
    "reversed": (plant.reversed_time, "mouth_follows_truth", -0.3),
    "cut": (plant.cut_to_other, "cut_frames", 0.02),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_planted_damage_moves_its_metric(name: str, clips: list[MeasuredClip]) -> None:
    damage, metric, by = DAMAGES[name]
    moved = _value(metric, clips, _planted(damage, clips)) - _value(metric, clips, given(clips[HAND_CLIP].truth))
    assert moved / by >= 1


def test_the_first_frame_does_not_count(clips: list[MeasuredClip]) -> None:
    """It is the person reference, which everything generated begins with."""
    truth = given(clips[0].truth)
    other = truth.copy()
    other[0] = 255 - other[0]
    names = ("face_error_lab_all_frames", "hand_error_px_all_frames", "product_error_lab_all_frames", "cut_frames")
    for name in names:
        assert _value(name, clips, other, 0) == pytest.approx(_value(name, clips, truth, 0))


def test_standing_still_keeps_the_person_and_loses_hands_product_and_mouth(clips: list[MeasuredClip]) -> None:
    still = np.repeat(given(clips[HAND_CLIP].person)[None], 33, axis=0)
    value = partial(_value, clips=clips, frames=still, at=HAND_CLIP)
    assert value("face_error_lab_all_frames") == pytest.approx(0, abs=0.1)
    assert value("face_distance_all_frames") == pytest.approx(0, abs=0.01)
    assert value("frozen_frames") == 1
    assert value("contact_gap_error_px") > 5
    assert value("product_mask_iou_all_frames") < 0.1
    assert value("mouth_follows_truth") == 0
    assert value("mouth_frames_late") == 6


def test_what_is_not_the_studios_is_not_measured() -> None:
    clip = measured(0)
    stranger = MeasuredClip(clip_id="mine", truth=clip.truth, person=clip.person)
    assert not stranger.has("exact")
    assert not stranger.has("recognise")
