"""Great Expectations really runs here, once over a batch with one fault of each kind (its import takes seconds)."""

import base64
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from data.contracts import ClipRecord, FrameBoxes
from data.thresholds import ValidationThresholds
from data.validation.batch_facts import Measured, measured
from data.validation.clip_facts import ClipFacts
from data.validation.expectations import validate
from foundation.clip_format import ClipFormat

CLIP = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)
GOOD_BOXES = {frame: FrameBoxes(face=(10, 5, 30, 25), left_hand=(5, 60, 15, 70)) for frame in range(2, 33, 4)}
STRICT = ValidationThresholds(licences=["CC-BY-4.0"])
GOOD = ClipFacts(
    clip_id="good",
    prompt="a person waves",
    person_id="ada",
    product_id="mug",
    licence="CC-BY-4.0",
    consent_date="2026-01-31",
    rgb_frames=33,
    rgb_frames_per_second=25.0,
    rgb_size="96x64",
    hoi_frames=33,
    hoi_frames_per_second=25.0,
    hoi_size="96x64",
    structure_share=0.2,
    structure_lag=0,
    structure_lag_gain=0.0,
    structure_agreement=0.8,
    picture_boxes_lag=1,
    picture_boxes_lag_gain=0.2,
    structure_boxes_lag=7,
    structure_boxes_lag_gain=0.001,  # nothing that counts
    audio_samples_per_second=16_000,
    audio_seconds=1.32,
    audio_peak=0.5,
    motion_frames=-1,
    pose_frames=-1,
    box_frames="2 6 10 14 18 22 26 30",
    face_share=1.0,
    hand_share=1.0,
    product_share=1.0,
    content_sha256="0",
    fingerprint="",
)
TOMORROW = (datetime.now().date() + timedelta(days=1)).isoformat()
BROKEN = {  # clip: (field of the record, rule, value)
    "silent_prompt": ("prompt", "prompt", ""),
    "nobody": ("person_id", "person_id", "unknown"),
    "nothing": ("product_id", "product_id", ""),
    "unlicensed": ("licence", "licence", ""),
    "forbidden": ("licence", "licence", "CC-BY-NC-4.0"),
    "no_consent": ("consent_date", "consent_date", ""),
    "odd_consent": ("consent_date", "consent_date", "31.1.2026"),
    "short": ("video", "rgb_frames", 32),
    "slow": ("video", "rgb_frames_per_second", 24.0),
    "small": ("video", "rgb_size", "48x32"),
    "short_hoi": ("hoi_video", "hoi_frames", 20),
    "slow_hoi": ("hoi_video", "hoi_frames_per_second", 24.0),
    "small_hoi": ("hoi_video", "hoi_size", "48x32"),
    "black_hoi": ("hoi_video", "structure_share", 0.0),
    "copied_hoi": ("hoi_video", "structure_share", 1.0),
    "late_hoi": ("hoi_video", "structure_lag", -4),
    "strange_hoi": ("hoi_video", "structure_agreement", 0.1),
    "early_boxes": ("boxes", "picture_boxes_lag", 6),
    "odd_rate": ("audio", "audio_samples_per_second", 44_100),
    "drifting": ("audio", "audio_seconds", 1.375),
    "nan_sound": ("audio", "audio_seconds", float("nan")),
    "silence": ("audio", "audio_peak", 0.0),
    "with_motion": ("motion_video", "motion_frames", 73),
    "short_pose": ("pose_video", "pose_frames", 20),
    "latent_boxes": ("boxes", "box_frames", "0 1 2 3 4 5 6 7"),
    "no_face": ("boxes", "face_share", 0.1),
    "no_hands": ("boxes", "hand_share", 0.0),
    "no_product": ("boxes", "product_share", 0.2),
}
GAINS = {"late_hoi": {"structure_lag_gain": 0.3}}
BAD_BOXES = {
    "reversed": {6: FrameBoxes(face=(30, 25, 10, 5))},
    "outside": {10: FrameBoxes(face=(10, 5, 30, 25), left_hand=(-3, 60, 65, 97))},
    "jumping": {10: FrameBoxes(face=(40, 60, 60, 80))},
    "growing": {14: FrameBoxes(face=(2, 0, 38, 32))},
    "covering": {10: FrameBoxes(face=(10, 5, 30, 25), product=(0, 0, 60, 90))},
}


def random_look(clip_id: str) -> str:
    seed = [ord(letter) for letter in clip_id]
    return base64.b64encode(np.random.default_rng(seed).integers(0, 255, 8 * 8 * 8 * 3, np.uint8).tobytes()).decode()


def fact(clip_id: str, **changes: object) -> ClipFacts:
    looks = {"content_sha256": clip_id, "fingerprint": random_look(clip_id)}
    return ClipFacts(**{**vars(GOOD), "clip_id": clip_id, **looks, **changes})  # pyright: ignore[reportArgumentType]


def record(clip_id: str, boxes: dict[int, FrameBoxes] | None = None) -> ClipRecord:
    media = {"video": "v", "hoi_video": "h", "audio": "a", "person_image": "p"}
    facts = {"frames": 33, "frames_per_second": 25.0, "height": 96, "width": 64}
    ids = {"clip_id": clip_id, "person_id": "x", "product_id": "y", "prompt": "z"}
    agreed = {"licence": "CC-BY-4.0", "consent_date": date(2026, 1, 31)}
    return ClipRecord.model_validate({**media, **facts, **ids, **agreed, "boxes": {**GOOD_BOXES, **(boxes or {})}})


def judged(clips: list[Measured], **detected: dict[str, float]) -> list[str]:
    return [str(failure) for failure in validate(clips, CLIP, STRICT, detected).failures]


@pytest.fixture(scope="module")
def failures() -> list[str]:
    """A good clip, one for each entry of BROKEN and BAD_BOXES, two of one video, two alike, two of one id."""
    facts = [fact("good")]
    facts += [fact(name, **{rule: value}, **GAINS.get(name, {})) for name, (_, rule, value) in BROKEN.items()]
    facts += [fact("twin_a", content_sha256="same"), fact("twin_b", content_sha256="same"), fact("twice")]
    facts += [fact("consent_to_come", consent_date=TOMORROW)]
    facts += [fact("like_a"), fact("like_b", fingerprint=random_look("like_a"))]
    facts += [fact(name) for name in (*BAD_BOXES, "seen_elsewhere", "seen_late")]
    records = [record(found.clip_id, BAD_BOXES.get(found.clip_id)) for found in facts]
    late = {"detector_lag": -5, "detector_lag_gain": 0.4}
    seen = {
        "seen_elsewhere": {"detector_face_iou": 0.1},
        "seen_late": late,
        "good": {"detector_face_iou": 0.9, "detector_hand_iou": 0.8},
    }
    return judged(measured([*records, record("twice")], facts), **seen)


def of(clip_id: str, failures: list[str]) -> list[str]:
    return [failure for failure in failures if failure.startswith(f"clip {clip_id} |")]


@pytest.mark.parametrize("clip_id", BROKEN)
def test_each_fault_is_named_with_clip_field_value_rule_and_fix(clip_id: str, failures: list[str]) -> None:
    field, rule, value = BROKEN[clip_id]
    assert of(clip_id, failures), failures
    for failure in of(clip_id, failures):
        assert f"| field {field} |" in failure
        assert f"| {rule}: " in failure
        assert "| fix: " in failure
    assert any(repr(value) in failure or str(value) in failure for failure in of(clip_id, failures))


def test_the_good_clip_has_no_fault(failures: list[str]) -> None:
    assert of("good", failures) == []


def test_ids_and_videos_are_unique(failures: list[str]) -> None:
    assert any("field clip_id" in failure for failure in of("twice", failures))
    assert all("the same bytes in clips twin_a, twin_b" in of(twin, failures)[0] for twin in ("twin_a", "twin_b"))
    assert "1 with clip like_b | similarity: at most 0.955" in of("like_a", failures)[0]
    assert "1 with clip like_a" in of("like_b", failures)[0]


@pytest.mark.parametrize(
    ("clip_id", "box", "rules"),
    [
        ("reversed", "face box on frame 6", {"x2_minus_x1", "y2_minus_y1"}),
        ("outside", "left_hand box on frame 10", {"x1", "room_right", "room_below", "hand_area"}),
        ("growing", "face box on frame 14", {"face_growth"}),
        ("covering", "product box on frame 10", {"face_covered", "product_area"}),
        ("jumping", "face box on frame 10", {"face_jump"}),
    ],
)
def test_a_wrong_box_is_named(clip_id: str, box: str, rules: set[str], failures: list[str]) -> None:
    of_the_box = [failure for failure in of(clip_id, failures) if f"field {box} |" in failure]
    assert rules <= {failure.split(" | ")[3].split(":")[0] for failure in of_the_box}
    assert "[-3, 60, 65, 97] in 96x64" in of("outside", failures)[0]


def test_a_consent_still_to_come_is_none(failures: list[str]) -> None:
    (failure,) = of("consent_to_come", failures)
    assert "field consent_date | -1 | consent_days: at least 0" in failure


def test_what_a_detector_saw_counts_where_it_looked(failures: list[str]) -> None:
    (failure,) = of("seen_elsewhere", failures)
    assert "0.1 | detector_face_iou: at least 0.4" in failure
    (failure,) = of("seen_late", failures)
    assert "field boxes | -5 frames (IoU +0.40) | detector_lag: at least -2 and at most 2" in failure


def test_a_clip_without_any_box_fails_closed() -> None:
    bare = record("a").model_copy(update={"boxes": {}})
    found = judged(measured([bare], [fact("a", box_frames="", face_share=0.0)]))
    assert {failure.split(" | ")[3].split(":")[0] for failure in found} == {"box_frames", "face_share"}


def test_a_threshold_is_configuration() -> None:
    clips = measured([record("a")], [fact("a", face_share=0.4)])
    assert len(validate(clips, CLIP, ValidationThresholds()).failures) == 1
    assert validate(clips, CLIP, ValidationThresholds(least_face_share=0.3)).failures == []
