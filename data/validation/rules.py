"""The rules of a prepared batch, as data: which column, which expectation, and what to do where it is broken.

A rule's name is its column's. Every column a rule looks at must also be filled: an empty cell would otherwise pass
(validation adds that rule). Where the lines are drawn is configuration: data/thresholds.py.
"""

from dataclasses import dataclass, field
from typing import Any

from data.clips.region_boxes import expected_frames
from data.thresholds import ValidationThresholds
from foundation.clip_format import ClipFormat

AGAIN = "prepare the batch again; if it stays, deliver this clip again"
MEDIA_FIELDS = {  # column -> the field of the clip's record that it was measured on, where it is another
    "rgb_": "video",
    "hoi_": "hoi_video",
    "structure_boxes": "boxes",
    "picture_boxes": "boxes",
    "structure_": "hoi_video",
    "audio_": "audio",
    "motion_": "motion_video",
    "pose_": "pose_video",
    "box_": "boxes",
    "detector_": "boxes",
    "face_share": "boxes",
    "hand_share": "boxes",
    "product_share": "boxes",
    "content_sha256": "video",
    "similarity": "video",
    "consent_days": "consent_date",
}


@dataclass(frozen=True)
class Rule:
    """One Great Expectations expectation on one column."""

    column: str
    expectation: str  # class name in great_expectations.expectations
    fix: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """The rule for people."""
        wanted, pattern = self.arguments.get("value_set"), self.arguments.get("regex")
        low, high = self.arguments.get("min_value"), self.arguments.get("max_value")
        if wanted is not None:
            negated = "must not be" if "Not" in self.expectation else "must be"
            return f"{negated} {' or '.join(str(value) or 'empty' for value in wanted)}"
        if pattern is not None:
            return "must be a date, as in 2026-11-23"
        if low is not None or high is not None:
            bounds = " and ".join(text for text in (f"at least {low}", f"at most {high}") if not text.endswith("None"))
            return f"{bounds} characters" if "Lengths" in self.expectation else bounds
        return {"ExpectColumnValuesToBeUnique": "must be unique"}.get(self.expectation, "must not be empty")

    @property
    def record_field(self) -> str:
        """The field of the clip's record that is at fault."""
        return next((name for prefix, name in MEDIA_FIELDS.items() if self.column.startswith(prefix)), self.column)


def clip_rules(clip: ClipFormat, thresholds: ValidationThresholds) -> list[Rule]:
    """One row a clip, columns of ClipFacts and what validation adds to them."""
    return [*_record_rules(thresholds), *_media_rules(clip, thresholds), *_timing_rules(thresholds)]


def _record_rules(thresholds: ValidationThresholds) -> list[Rule]:
    named = [*thresholds.unnamed_ids, ""]
    allowed = _one_of("licence", thresholds.licences, "use a clip whose licence allows it, or allow this licence")
    return [
        _unique("clip_id", "give every clip an id of its own"),
        _unique("content_sha256", "drop one of the clips that are the same video"),
        _between("similarity", None, thresholds.most_similarity, "drop one of the clips that are nearly the same"),
        _filled("prompt", "write the prompt"),
        _none_of("person_id", named, "name who it is: persons are held out and withdrawn by their id"),
        _none_of("product_id", named, "name what it is: products are held out by their id"),
        _filled("licence", "write the footage's licence, as SPDX names it"),
        *([allowed] if thresholds.licences else []),
        Rule(
            "consent_date",
            "ExpectColumnValuesToMatchRegex",
            "write when the person agreed, or drop the clip",
            {"regex": r"^\d{4}-\d{2}-\d{2}$"},
        ),
        _between("consent_days", 0, None, "correct the date of consent: it is still to come"),
    ]


def _media_rules(clip: ClipFormat, thresholds: ValidationThresholds) -> list[Rule]:
    size, rate, seconds = f"{clip.height}x{clip.width}", clip.frames_per_second, clip.frames / clip.frames_per_second
    motion = [-1, clip.motion_frames] if clip.motion_frames else [-1]
    share = (thresholds.least_structure_share, thresholds.most_structure_share)
    return [
        _one_of("rgb_frames", [clip.frames], AGAIN),
        _one_of("rgb_frames_per_second", [float(rate)], f"deliver {rate} frames a second"),
        _one_of("rgb_size", [size], AGAIN),
        _one_of("hoi_frames", [clip.frames], "render the HOI video for every frame of the clip"),
        _one_of("hoi_frames_per_second", [float(rate)], f"render the HOI video at {rate} frames a second"),
        _one_of("hoi_size", [size], "render the HOI video at the clip's size"),
        _between("structure_share", *share, "render mesh and product on black"),
        _one_of("audio_samples_per_second", [clip.audio_samples_per_second], AGAIN),
        _between(
            "audio_seconds", round(seconds - 1e-3, 4), round(seconds + 1e-3, 4), "deliver sound as long as the clip"
        ),
        _between("audio_peak", thresholds.least_loudness, None, "deliver the speech: this sound is silent"),
        _one_of("motion_frames", motion, "deliver the frames just before the clip"),
        _one_of("pose_frames", [-1, clip.frames], "deliver a pose for every frame of the clip"),
        _one_of(
            "box_frames",
            [" ".join(map(str, expected_frames(clip.frames)))],
            "annotate every fourth pixel frame from frame 2 on (frame_0 .. frame_19 would be latent frames)",
        ),
        _between("face_share", thresholds.least_face_share, 1.0, "annotate the face, or drop the clip"),
        _between("hand_share", thresholds.least_hand_share, 1.0, "annotate the hands, or drop the clip"),
        _between("product_share", thresholds.least_product_share, 1.0, "annotate the product, or drop its reference"),
    ]


def _timing_rules(thresholds: ValidationThresholds) -> list[Rule]:
    """`*_lag`: as measured, 0 where the gain over no lag is too small to count."""
    most = thresholds.most_lag_frames
    boxes = "annotate this clip again, on these frames: the boxes are ahead (or, below 0, behind)"
    structure = "render the HOI video from this clip: it is ahead (or, below 0, behind)"
    return [
        _between("structure_lag", -most, most, structure),
        _between("structure_agreement", thresholds.least_structure_agreement, None, "render it from this clip"),
        _between("picture_boxes_lag", -most, most, boxes),
        _between("structure_boxes_lag", -most, most, "annotate boxes and HOI video from the same frames"),
    ]


def detector_rules(thresholds: ValidationThresholds) -> list[Rule]:
    """Asked where a detector looked at clips; one that it did not look at passes."""
    return [
        _between("detector_face_iou", thresholds.least_detector_face_iou, None, "annotate the face again"),
        _between("detector_hand_iou", thresholds.least_detector_hand_iou, None, "annotate the hands again"),
        _between("detector_lag", -thresholds.most_lag_frames, thresholds.most_lag_frames, "annotate this clip again"),
    ]


def box_rules(thresholds: ValidationThresholds) -> list[Rule]:
    """One row a box as delivered, before it is moved with the crop."""
    inside = "correct the box: pixels of the original video"
    order = "write x1, y1, x2, y2 with x1 <= x2 and y1 <= y2"
    jumped, grown = "annotate this frame again: the box is not where it was", "annotate this frame again"
    whole = "draw the box around the thing alone"
    return [
        *(_between(column, 0, None, order) for column in ("x2_minus_x1", "y2_minus_y1")),
        *(_between(column, 0, None, inside) for column in ("x1", "y1", "room_right", "room_below")),
        _between("face_jump", None, thresholds.most_face_jump, jumped),
        _between("hand_jump", None, thresholds.most_hand_jump, jumped),
        _between("product_jump", None, thresholds.most_product_jump, jumped),
        _between("face_growth", None, thresholds.most_growth, grown),
        _between("product_growth", None, thresholds.most_growth, grown),
        _between("face_area", None, thresholds.most_face_area, whole),
        _between("hand_area", None, thresholds.most_hand_area, whole),
        _between("product_area", None, thresholds.most_product_area, whole),
        _between("face_covered", None, thresholds.most_face_covered, "draw the product's box around the product alone"),
    ]


def _unique(column: str, fix: str) -> Rule:
    return Rule(column, "ExpectColumnValuesToBeUnique", fix)


def _filled(column: str, fix: str) -> Rule:
    return Rule(column, "ExpectColumnValueLengthsToBeBetween", fix, {"min_value": 1})


def _one_of(column: str, values: list[Any], fix: str) -> Rule:
    return Rule(column, "ExpectColumnValuesToBeInSet", fix, {"value_set": values})


def _none_of(column: str, values: list[Any], fix: str) -> Rule:
    return Rule(column, "ExpectColumnValuesToNotBeInSet", fix, {"value_set": values})


def _between(column: str, low: float | str | None, high: float | str | None, fix: str) -> Rule:
    return Rule(column, "ExpectColumnValuesToBeBetween", fix, {"min_value": low, "max_value": high})
