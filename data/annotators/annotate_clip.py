"""Annotate one clip, in the environment that has the tools for it; data/annotators/launch.py starts it.

    .venv-annotators/bin/python -m data.annotators.annotate_clip FOLDER annotation.json pose regions ...

Each task reads what earlier tasks left in FOLDER and adds its own files and fields to annotations.json.
CoInteract, arXiv 2604.19636, sec. 3.3.
"""

import sys
from pathlib import Path
from typing import Any

from data.annotators import build, clip_files
from data.annotators.annotations import (
    HOI_VIDEO,
    PERSON_IMAGE,
    PRODUCT_IMAGE,
    Annotations,
    read_annotations,
    write_annotations,
)
from data.annotators.contracts import Frames
from data.annotators.mask_boxes import box_of, reference_frame, with_product
from data.clips.structure_video import compose_structure
from data.config import TASKS, AnnotationConfig, Task
from data.contracts import Provenance
from foundation.progress import report_progress
from foundation.video_io import write_video

OURS = Provenance(tool="graspline", version="0.1.0", licence="Apache-2.0")


class ClipAnnotator:
    """The tasks on one clip. Each method gives the fields of Annotations that it makes."""

    def __init__(self, folder: Path, config: AnnotationConfig) -> None:
        self.folder, self.config = folder, config
        self.rgb_THWC, self.frames_per_second = clip_files.read_clip(folder)

    def run(self, task: Task) -> None:
        """Do one task and note it in annotations.json."""
        before = read_annotations(self.folder) or self._nothing_yet()
        made: dict[str, Any] = getattr(self, task)(before)
        provenance = {**before.provenance, **made.pop("provenance")}
        write_annotations(self.folder, before.model_copy(update={**made, "provenance": provenance}))

    def pose(self, _: Annotations) -> dict[str, Any]:
        tool = build.pose_estimator(self.config.pose)
        pose, people = tool.estimate(self.rgb_THWC), tool.people(self.rgb_THWC)
        return {
            "pose": clip_files.write_pose(self.folder, pose),
            "people": people,
            "provenance": {"pose": tool.provenance},
        }

    def regions(self, _: Annotations) -> dict[str, Any]:
        tool = build.region_detector(self.config.regions)
        boxes = tool.detect(self.rgb_THWC, clip_files.read_pose(self.folder))
        return {"boxes": dict(enumerate(boxes)), "provenance": {"boxes": tool.provenance}}

    def product_mask(self, before: Annotations) -> dict[str, Any]:
        tool = build.product_masker(self.config.product_mask)
        delivered = before.product_image is None and (self.folder / PRODUCT_IMAGE).is_file()
        picture_HWC = clip_files.read_product_image(self.folder) if delivered else None
        mask_THW = tool.mask(self.rgb_THWC, clip_files.read_pose(self.folder), picture_HWC)
        return {
            "product_mask": clip_files.write_mask(self.folder, mask_THW),
            "product_delivered": delivered,
            "boxes": {frame: with_product(boxes, box_of(mask_THW[frame])) for frame, boxes in before.boxes.items()},
            "provenance": {"product_mask": tool.provenance},
        }

    def body_mesh(self, _: Annotations) -> dict[str, Any]:
        tool = build.body_mesher(self.config.body_mesh)
        mesh_THWC = tool.render(self.rgb_THWC, clip_files.read_pose(self.folder))
        return {
            "mesh_video": clip_files.write_mesh(self.folder, mesh_THWC, self.frames_per_second),
            "provenance": {"body_mesh": tool.provenance},
        }

    def structure(self, _: Annotations) -> dict[str, Any]:
        mask_THW, mesh_THWC = clip_files.read_mask(self.folder), clip_files.read_mesh(self.folder)
        hoi_THWC = compose_structure(self.rgb_THWC, mesh_THWC, mask_THW, self.config.structure.kind)
        write_video(self.folder / HOI_VIDEO, hoi_THWC, self.frames_per_second, lossless=False)
        return {"hoi_video": HOI_VIDEO, "provenance": {"hoi_video": OURS}}

    def separation(self, before: Annotations) -> dict[str, Any]:
        tool = build.entity_separator(self.config.separation)
        mask_THW = clip_files.read_mask(self.folder)
        frame = reference_frame(before.boxes, mask_THW)
        person_HWC = tool.person(self.rgb_THWC[frame], mask_THW[frame])
        clip_files.write_image(self.folder, PERSON_IMAGE, person_HWC)
        wrote = {"person_image": tool.provenance}
        if not before.product_delivered:
            product_HWC = tool.product(self.rgb_THWC[frame], mask_THW[frame])
            clip_files.write_image(self.folder, PRODUCT_IMAGE, product_HWC)
            wrote["product_image"] = tool.provenance
        return {
            "reference_frame": frame,
            "person_image": PERSON_IMAGE,
            "product_image": PRODUCT_IMAGE,
            "provenance": wrote,
        }

    def triplet(self, before: Annotations) -> dict[str, Any]:
        tool = build.triplet_validator(self.config.triplet)
        if before.reference_frame is None:
            raise ValueError(f"{self.folder}: no reference frame: run the task separation first")
        frame, (person_HWC, product_HWC) = (
            before.reference_frame,
            (self._image(PERSON_IMAGE), self._image(PRODUCT_IMAGE)),
        )
        mask_HW = clip_files.read_mask(self.folder)[frame]
        score = tool.score(self.rgb_THWC[frame], mask_HW, person_HWC, product_HWC)
        return {
            "person_score": score.person,
            "product_score": score.product,
            "provenance": {"triplet": tool.provenance},
        }

    def _image(self, name: str) -> Frames:
        return clip_files.read_image(self.folder, name)

    def _nothing_yet(self) -> Annotations:
        frames, height, width = self.rgb_THWC.shape[:3]
        return Annotations(frames=frames, height=height, width=width, frames_per_second=self.frames_per_second)


def annotate_clip(folder: Path, config: AnnotationConfig, tasks: list[Task]) -> None:
    """Do some tasks on the clip in `folder`, in the order of TASKS."""
    annotator = ClipAnnotator(folder, config)
    for task in TASKS:
        if task in tasks:
            annotator.run(task)
            report_progress(TASKS.index(task) + 1, len(TASKS), f"annotations: {task}")


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0])
    config = AnnotationConfig.model_validate_json((folder / arguments[1]).read_text())
    annotate_clip(folder, config, [task for task in TASKS if task in arguments[2:]])


if __name__ == "__main__":
    main(sys.argv[1:])
