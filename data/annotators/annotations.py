"""What annotating one clip leaves behind: annotations.json in its folder, the names of the other files, who wrote what.

Pure pydantic, so that those who start the annotators need none of their packages.
"""

from pathlib import Path

from pydantic import BaseModel

from data.contracts import FrameBoxes, Provenance
from foundation.whole_file import write_whole

ANNOTATIONS = "annotations.json"
CLIP, PRODUCT_IMAGE, PERSON_IMAGE = "rgb.mp4", "product.png", "person.png"
HOI_VIDEO, MESH_VIDEO = "hoi.mp4", "mesh.mp4"
POSE, PRODUCT_MASK = "pose.npz", "product_mask.npz"


class Annotations(BaseModel, frozen=True, extra="forbid"):
    """Grows task by task. Paths are relative to the clip's folder; None: that task has not been done."""

    frames: int
    height: int
    width: int
    frames_per_second: float
    people: int | None = None  # the most people seen at once
    pose: str | None = None
    boxes: dict[int, FrameBoxes] = {}  # every frame; what a ClipRecord carries is `supervised_boxes`
    product_mask: str | None = None
    product_confidence: float | None = None  # 0..1, that the mask is the product; as sure as its tool can be
    product_evidence: dict[str, float] = {}  # what that was made of, by name
    product_delivered: bool = False  # product.png came with the clip and was left as it is
    mesh_video: str | None = None
    hoi_video: str | None = None
    reference_frame: int | None = None  # the frame that person.png and product.png were made from
    person_image: str | None = None
    product_image: str | None = None
    person_score: float | None = None  # cosines of triplet validation, 1 is the same; nan never: None where unseen
    product_score: float | None = None
    product_left: float | None = None  # share of the product that person.png still shows
    provenance: dict[str, Provenance] = {}  # field of ClipRecord (and pose, product_mask, triplet) -> its tool

    def share(self, *parts: str) -> float:
        """Share of the frames on which one of `face`, `left_hand`, `right_hand`, `product` was seen: of those given."""
        seen = sum(any(getattr(boxes, part) is not None for part in parts) for boxes in self.boxes.values())
        return round(seen / self.frames, 4)

    def supervised_boxes(self) -> dict[int, FrameBoxes]:
        """The boxes of frames 2, 6, 10 ...: what a ClipRecord carries."""
        return {frame: boxes for frame, boxes in self.boxes.items() if frame % 4 == 2}


def read_annotations(folder: Path) -> Annotations | None:
    """What has been written so far; None: nothing yet."""
    file = folder / ANNOTATIONS
    return Annotations.model_validate_json(file.read_text(encoding="utf-8")) if file.is_file() else None


def write_annotations(folder: Path, annotations: Annotations) -> None:
    write_whole(folder / ANNOTATIONS, annotations.model_dump_json(indent=1))
