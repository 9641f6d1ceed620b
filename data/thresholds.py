"""Where validation draws its lines: `data.validation` in conf/data, with every unit and default in this one place.

The values go into the batch's entry in datasets/batches.yaml, so that DVC sees a change and judges the batch again.
What each one was chosen by is in docs/decisions/0010-validation.md.
"""

from math import ceil
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from foundation.bounds import Correlation, Count, Once, PositiveShare, Share, Trimmed, above, real, whole


class AcceptedDefect(BaseModel, frozen=True, extra="forbid"):
    """A known defect of one clip that is trained on all the same: named by people, never guessed."""

    batch: Trimmed
    clip: Trimmed  # clip id
    rule: Trimmed  # the rule's name, as a failure shows it
    fields: Annotated[
        list[Trimmed], Field(min_length=1), Once
    ]  # the failure's fields, each one named: "product box on frame 54"
    reason: Trimmed


class Quarantine(BaseModel, frozen=True, extra="forbid"):
    """What becomes of a batch in which some clips fail: `quarantine` sets them aside with their reasons and takes the
    others in while enough remain, `strict` refuses the batch."""

    policy: Literal["quarantine", "strict"] = "quarantine"
    least_share: Share = 0.5  # of the delivered clips that must remain
    least_clips: Count = 1

    def least(self, delivered: int) -> int:
        """How many of the delivered clips must be without a fault."""
        share = ceil(self.least_share * delivered - 1e-9) if self.policy == "quarantine" else delivered
        return max(self.least_clips, share)


class ValidationThresholds(BaseModel, frozen=True, extra="forbid"):
    """conf/data/*.yaml, `validation`."""

    # what must be written in a record
    licences: Annotated[
        list[Trimmed], Once
    ] = []  # the only ones allowed, as SPDX names them; empty: any, as long as one is given
    unnamed_ids: Annotated[list[Trimmed], Once] = [
        "unknown"
    ]  # person and product ids that name nobody: they cannot be kept apart

    # which frames carry boxes, as a share of those that should
    least_face_share: Share = 0.5
    least_hand_share: Share = 0.5  # at least one hand
    least_product_share: Share = 0.5  # asked of clips that have a product reference only

    # one box, as delivered; lengths are shares of the picture's diagonal, areas of the picture
    most_face_jump: PositiveShare = 0.12  # of a box's centre between neighbouring annotated frames
    most_hand_jump: PositiveShare = 0.3
    most_product_jump: PositiveShare = 0.3
    most_growth: Annotated[float, above(1, 10_000)] = (
        2.2  # larger area / smaller area of neighbouring boxes: face, product
    )
    most_face_area: PositiveShare = 0.35
    most_hand_area: PositiveShare = 0.25
    most_product_area: PositiveShare = 0.45
    most_face_covered: PositiveShare = 0.95  # of the face's box by the product's

    # the structure video
    least_structure_share: Share = 0.005  # of its pixels that are not black
    most_structure_share: PositiveShare = 0.95  # not black anywhere: a copy of the clip
    least_structure_agreement: Correlation = 0.35  # correlation of its motion with the clip's, at the best lag

    # what moves together, in frames; lags of up to 8 are looked for
    most_lag_frames: Annotated[int, whole(0, 8)] = 2  # between boxes, picture and structure video
    surest_lag_gain: Annotated[float, real(0, 2)] = (
        0.05  # its correlation (a detector's: IoU) beats no lag's by so much
    )

    # sound
    least_loudness: Share = 0.001  # largest sample; full scale is 1

    # clips against each other
    most_similarity: PositiveShare = 0.955  # correlation of look and of motion: a near-duplicate
    products_apart: bool = True  # no product of the held-out clips in training; persons always

    # what a detector sees, where one is run (`graspline data validate BATCH --detector`)
    least_detector_face_iou: Share = 0.4
    least_detector_hand_iou: Share = 0.25

    accepted_defects: Annotated[list[AcceptedDefect], Once] = []
    quarantine: Quarantine = Quarantine()

    @model_validator(mode="after")
    def _some_structure_passes(self) -> Self:
        if self.least_structure_share >= self.most_structure_share:
            raise ValueError(
                f"least_structure_share {self.least_structure_share} must be below most_structure_share "
                f"{self.most_structure_share}: otherwise no structure video passes"
            )
        return self

    def of_batch(self, batch: str) -> "ValidationThresholds":
        """The same with the accepted defects of one batch only: what this batch's entry holds."""
        kept = [defect for defect in self.accepted_defects if defect.batch == batch]
        return self.model_copy(update={"accepted_defects": kept})
