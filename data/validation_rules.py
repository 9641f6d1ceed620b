"""The rules of a prepared batch, as data: which column, which expectation, and what to do where it is broken.

Every column a rule looks at must also be filled: an empty cell would otherwise pass (validation adds that rule).
"""

from dataclasses import dataclass, field
from typing import Any

from data.contracts import ClipFormat
from data.region_boxes import expected_frames

FACE_SHARE = 0.5  # of the frames that carry boxes
HAND_SHARE = 0.5
STRUCTURE_SHARE = 0.005  # of the structure video's pixels
LARGEST_SHARE = 0.95  # a structure video that is not black anywhere is a copy of the clip


@dataclass(frozen=True)
class Rule:
    """One Great Expectations expectation on one column."""

    column: str
    expectation: str  # class name in great_expectations.expectations
    fix: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """The rule for people."""
        wanted = self.arguments.get("value_set")
        low, high = self.arguments.get("min_value"), self.arguments.get("max_value")
        if wanted is not None:
            return f"must be {' or '.join(map(str, wanted))}"
        if low is not None or high is not None:
            bounds = " and ".join(text for text in (f"at least {low}", f"at most {high}") if not text.endswith("None"))
            return f"{bounds} characters" if "Lengths" in self.expectation else bounds
        return {"ExpectColumnValuesToBeUnique": "must be unique"}.get(self.expectation, "must not be empty")


def clip_rules(clip: ClipFormat) -> list[Rule]:
    """One row a clip, columns of ClipFacts."""
    size, rate, seconds = f"{clip.height}x{clip.width}", clip.frames_per_second, clip.frames / clip.frames_per_second
    again = "prepare the batch again; if it stays, deliver this clip again"
    motion = [-1, clip.motion_frames] if clip.motion_frames else [-1]
    return [
        _unique("clip_id", "give every clip an id of its own"),
        _unique("content_sha256", "drop one of the clips that are the same video"),
        Rule("prompt", "ExpectColumnValueLengthsToBeBetween", "write the prompt", {"min_value": 1}),
        _one_of("rgb_frames", [clip.frames], again),
        _one_of("rgb_frames_per_second", [float(rate)], f"deliver {rate} frames a second"),
        _one_of("rgb_size", [size], again),
        _one_of("hoi_frames", [clip.frames], "render the HOI video for every frame of the clip"),
        _one_of("hoi_frames_per_second", [float(rate)], f"render the HOI video at {rate} frames a second"),
        _one_of("hoi_size", [size], "render the HOI video at the clip's size"),
        _between("structure_share", STRUCTURE_SHARE, LARGEST_SHARE, "render mesh and product on black"),
        _one_of("audio_samples_per_second", [clip.audio_samples_per_second], again),
        _between("audio_seconds", seconds - 1e-3, seconds + 1e-3, "deliver sound as long as the clip"),
        _one_of("motion_frames", motion, "deliver the frames just before the clip"),
        _one_of("pose_frames", [-1, clip.frames], "deliver a pose for every frame of the clip"),
        _one_of(
            "box_frames",
            [" ".join(map(str, expected_frames(clip.frames)))],
            "annotate every fourth pixel frame from frame 2 on (frame_0 .. frame_19 would be latent frames)",
        ),
        _between("face_share", FACE_SHARE, 1.0, "annotate the face, or drop the clip"),
        _between("hand_share", HAND_SHARE, 1.0, "annotate the hands, or drop the clip"),
    ]


def box_rules() -> list[Rule]:
    """One row a box as delivered, before it is moved with the crop."""
    inside = "correct the box: pixels of the original video"
    order = "write x1, y1, x2, y2 with x1 <= x2 and y1 <= y2"
    return [
        _between("x2_minus_x1", 0, None, order),
        _between("y2_minus_y1", 0, None, order),
        _between("x1", 0, None, inside),
        _between("y1", 0, None, inside),
        _between("room_right", 0, None, inside),
        _between("room_below", 0, None, inside),
    ]


def _unique(column: str, fix: str) -> Rule:
    return Rule(column, "ExpectColumnValuesToBeUnique", fix)


def _one_of(column: str, values: list[Any], fix: str) -> Rule:
    return Rule(column, "ExpectColumnValuesToBeInSet", fix, {"value_set": values})


def _between(column: str, low: float | None, high: float | None, fix: str) -> Rule:
    return Rule(column, "ExpectColumnValuesToBeBetween", fix, {"min_value": low, "max_value": high})
