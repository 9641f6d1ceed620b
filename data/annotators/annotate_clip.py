"""Annotate one clip, in the environment that has the tools for it; data/annotators/launch.py starts it.

    .venv-annotators/bin/python -m data.annotators.annotate_clip FOLDER annotation.json pose regions ...

Each task reads what earlier tasks left in FOLDER and adds its own files and fields to annotations.json.
CoInteract, arXiv 2604.19636, sec. 3.3.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.annotators import clip_files, contracts
from data.annotators.annotations import (
    HOI_VIDEO,
    PERSON_IMAGE,
    PRODUCT_IMAGE,
    Annotations,
    read_annotations,
    write_annotations,
)
from data.annotators.config import TASKS, AnnotationConfig, Task
from data.annotators.contracts import Mask
from data.contracts import FrameBoxes
from foundation.geometry import box_of
from foundation.progress import report_progress
from foundation.video_writing import write_video


class ClipAnnotator:
    """The tasks on one clip. Each method gives the fields of Annotations that it makes."""

    def __init__(self, folder: Path, config: AnnotationConfig) -> None:
        self.folder, self.config = folder, config
        self.rgb_THWC, self.frames_per_second = clip_files.read_clip(folder)

    def run(self, task: Task) -> None:
        """Do one task and note it in annotations.json."""
        before = read_annotations(self.folder) or self._nothing_yet()
        output: dict[str, Any] = getattr(self, task)(before)
        provenance = {**before.provenance, **output.pop("provenance")}
        write_annotations(self.folder, before.model_copy(update={**output, "provenance": provenance}))

    def pose(self, _: Annotations) -> dict[str, Any]:
        tool: contracts.PoseEstimator = self._tool("pose")
        pose, people = tool.estimate(self.rgb_THWC), tool.people(self.rgb_THWC)
        return {
            "pose": clip_files.write_pose(self.folder, pose),
            "people": people,
            "provenance": {"pose": tool.provenance},
        }

    def regions(self, _: Annotations) -> dict[str, Any]:
        tool: contracts.RegionDetector = self._tool("regions")
        boxes = tool.detect(self.rgb_THWC, clip_files.read_pose(self.folder))
        return {"boxes": dict(enumerate(boxes)), "provenance": {"boxes": tool.provenance}}

    def product_mask(self, before: Annotations) -> dict[str, Any]:
        tool: contracts.ProductMasker = self._tool("product_mask")
        delivered = before.product_image is None and (self.folder / PRODUCT_IMAGE).is_file()
        picture_HWC = clip_files.read_image(self.folder, PRODUCT_IMAGE) if delivered else None
        found = tool.mask(self.rgb_THWC, clip_files.read_pose(self.folder), picture_HWC)
        return {
            "product_mask": clip_files.write_mask(self.folder, found.mask_THW),
            "product_confidence": found.confidence,
            "product_evidence": found.evidence,
            "product_delivered": delivered,
            "boxes": {
                frame: boxes.model_copy(update={"product": box_of(found.mask_THW[frame])})
                for frame, boxes in before.boxes.items()
            },
            "provenance": {"product_mask": tool.provenance},
        }

    def body_mesh(self, _: Annotations) -> dict[str, Any]:
        tool: contracts.BodyMesher = self._tool("body_mesh")
        mesh_THWC = tool.render(self.rgb_THWC, clip_files.read_pose(self.folder))
        return {
            "mesh_video": clip_files.write_mesh(self.folder, mesh_THWC, self.frames_per_second),
            "provenance": {"body_mesh": tool.provenance},
        }

    def structure(self, _: Annotations) -> dict[str, Any]:
        tool: contracts.StructureComposer = self._tool("structure")
        mask_THW, mesh_THWC = clip_files.read_mask(self.folder), clip_files.read_mesh(self.folder)
        hoi_THWC = tool.compose(self.rgb_THWC, mesh_THWC, mask_THW)
        write_video(self.folder / HOI_VIDEO, hoi_THWC, self.frames_per_second, lossless=False)
        return {"hoi_video": HOI_VIDEO, "provenance": {"hoi_video": tool.provenance}}

    def separation(self, before: Annotations) -> dict[str, Any]:
        tool: contracts.EntitySeparator = self._tool("separation")
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
        tool: contracts.TripletValidator = self._tool("triplet")
        if before.reference_frame is None:
            raise ValueError(f"{self.folder}: no reference frame: run the task separation first")
        frame = before.reference_frame
        mask_HW = clip_files.read_mask(self.folder)[frame]
        references = (clip_files.read_image(self.folder, name) for name in (PERSON_IMAGE, PRODUCT_IMAGE))
        score = tool.score(self.rgb_THWC[frame], mask_HW, *references)
        return {
            "person_score": score.person,
            "product_score": score.product,
            "product_left": score.product_left,
            "provenance": {"triplet": tool.provenance},
        }

    def _tool(self, task: Task) -> Any:
        return contracts.build(task, self.config.tool(task))

    def _nothing_yet(self) -> Annotations:
        frames, height, width = self.rgb_THWC.shape[:3]
        return Annotations(frames=frames, height=height, width=width, frames_per_second=self.frames_per_second)


def reference_frame(boxes: Mapping[int, FrameBoxes], product_THW: Mask) -> int:
    """The frame with the most of the product in the picture, among those that show the face.

    Raises:
        ValueError: no frame shows both.
    """
    areas_T = product_THW.sum(axis=(1, 2))
    seen = [frame for frame, parts in boxes.items() if parts.face is not None and areas_T[frame] > 0]
    if not seen:
        raise ValueError("no frame shows face and product: reject this stretch")
    return max(seen, key=lambda frame: int(areas_T[frame]))


def annotate_clip(folder: Path, config: AnnotationConfig, tasks: list[Task]) -> None:
    """Do some tasks on the clip in `folder`, in the order of TASKS."""
    annotator = ClipAnnotator(folder, config)
    for task in TASKS:
        if task in tasks:
            annotator.run(task)
            report_progress(TASKS.index(task) + 1, len(TASKS), f"annotations: {task}")


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0])
    config = AnnotationConfig.model_validate_json((folder / arguments[1]).read_text(encoding="utf-8"))
    annotate_clip(folder, config, [task for task in TASKS if task in arguments[2:]])


if __name__ == "__main__":
    main(sys.argv[1:])
