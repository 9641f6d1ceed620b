"""Great Expectations really runs here, once over a batch with one fault of each kind (its import takes seconds)."""

import pytest

from data.clip_facts import ClipFacts
from data.contracts import ClipFormat, ClipRecord, FrameBoxes
from data.validation import validate

CLIP = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)
GOOD_BOXES = {frame: FrameBoxes(face=(10, 5, 30, 25), left_hand=(5, 60, 15, 70)) for frame in range(2, 33, 4)}
GOOD = ClipFacts(
    clip_id="good",
    prompt="a person waves",
    rgb_frames=33,
    rgb_frames_per_second=25.0,
    rgb_size="96x64",
    hoi_frames=33,
    hoi_frames_per_second=25.0,
    hoi_size="96x64",
    structure_share=0.2,
    audio_samples_per_second=16_000,
    audio_seconds=1.32,
    motion_frames=-1,
    pose_frames=-1,
    box_frames="2 6 10 14 18 22 26 30",
    face_share=1.0,
    hand_share=1.0,
    content_sha256="0",
)
BROKEN = {  # clip: (field, value)
    "silent_prompt": ("prompt", ""),
    "short": ("rgb_frames", 32),
    "slow": ("rgb_frames_per_second", 24.0),
    "small": ("rgb_size", "48x32"),
    "short_hoi": ("hoi_frames", 20),
    "slow_hoi": ("hoi_frames_per_second", 24.0),
    "small_hoi": ("hoi_size", "48x32"),
    "black_hoi": ("structure_share", 0.0),
    "copied_hoi": ("structure_share", 1.0),
    "odd_rate": ("audio_samples_per_second", 44_100),
    "drifting": ("audio_seconds", 1.375),
    "nan_sound": ("audio_seconds", float("nan")),
    "with_motion": ("motion_frames", 73),
    "short_pose": ("pose_frames", 20),
    "latent_boxes": ("box_frames", "0 1 2 3 4 5 6 7"),
    "no_face": ("face_share", 0.1),
    "no_hands": ("hand_share", 0.0),
}


def fact(clip_id: str, **changes: object) -> ClipFacts:
    values = {**vars(GOOD), "clip_id": clip_id, "content_sha256": clip_id, **changes}
    return ClipFacts(**values)  # pyright: ignore[reportArgumentType]


def record(clip_id: str, boxes: dict[int, FrameBoxes] | None = None) -> ClipRecord:
    media = {"video": "v", "hoi_video": "h", "audio": "a", "person_image": "p"}
    facts = {"frames": 33, "frames_per_second": 25.0, "height": 96, "width": 64}
    ids = {"clip_id": clip_id, "person_id": "x", "product_id": "y", "prompt": "z"}
    return ClipRecord.model_validate({**media, **facts, **ids, "boxes": GOOD_BOXES if boxes is None else boxes})


@pytest.fixture(scope="module")
def failures() -> list[str]:
    """One batch: a good clip, one for each entry of BROKEN, two of one video, two of one id, two with wrong boxes."""
    facts = [GOOD, *(fact(clip_id, **{field: value}) for clip_id, (field, value) in BROKEN.items())]
    facts += [fact("twin_a", content_sha256="same"), fact("twin_b", content_sha256="same"), fact("twice")]
    facts += [fact("reversed"), fact("outside")]
    boxes = {
        "reversed": {**GOOD_BOXES, 6: FrameBoxes(face=(30, 25, 10, 5))},
        "outside": {**GOOD_BOXES, 10: FrameBoxes(face=(10, 5, 30, 25), left_hand=(-3, 60, 65, 97))},
    }
    records = [record(found.clip_id, boxes.get(found.clip_id)) for found in facts]
    return [str(failure) for failure in validate([*records, record("twice")], facts, CLIP)]


def of(clip_id: str, failures: list[str]) -> list[str]:
    return [failure for failure in failures if failure.startswith(f"clip {clip_id} |")]


@pytest.mark.parametrize("clip_id", BROKEN)
def test_each_fault_is_named_with_clip_field_value_and_fix(clip_id: str, failures: list[str]) -> None:
    field, value = BROKEN[clip_id]
    assert of(clip_id, failures), failures
    assert all(f"| field {field} |" in failure and "| fix: " in failure for failure in of(clip_id, failures))
    assert any(repr(value) in failure or str(value) in failure for failure in of(clip_id, failures))


def test_the_good_clip_has_no_fault(failures: list[str]) -> None:
    assert of("good", failures) == []


def test_ids_and_videos_are_unique(failures: list[str]) -> None:
    assert any("field clip_id" in failure for failure in of("twice", failures))
    assert all("field content_sha256" in of(twin, failures)[0] for twin in ("twin_a", "twin_b"))


def test_boxes_are_inside_and_not_reversed(failures: list[str]) -> None:
    assert {failure.split(" | ")[1] for failure in of("reversed", failures)} == {"field face box on frame 6"}
    outside = of("outside", failures)
    assert {failure.split(" | ")[1] for failure in outside} == {"field left_hand box on frame 10"}
    assert {failure.split(" | ")[3].split()[0] for failure in outside} == {"x1", "room_right", "room_below"}
    assert "[-3, 60, 65, 97] in 96x64" in outside[0]


def test_a_clip_without_any_box_fails_closed() -> None:
    found = [str(failure) for failure in validate([record("a", {})], [fact("a", box_frames="", face_share=0.0)], CLIP)]
    assert {failure.split(" | ")[1] for failure in found} == {"field box_frames", "field face_share"}
