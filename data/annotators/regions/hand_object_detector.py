"""Face and hand boxes by a detection network of transformers (D-FINE, RT-DETR, DETR ...) trained for them.

The paper's boxes come from a detector in the manner of hand_object_detector, whose own code needs a compiler and CUDA;
any checkpoint whose labels name a face and hands does the same work. A hand is left or right by the
wrist of the pose that lies nearer, so a detector that knows one kind of hand will do.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoImageProcessor, AutoModelForObjectDetection

from data.annotators.config import RegionTool
from data.annotators.contracts import Frames, PoseTrack
from data.annotators.published.weights import provenance, weights_folder
from data.contracts import FrameBoxes, Provenance
from foundation.clip_format import Box

LEFT_WRIST, RIGHT_WRIST = 9, 10  # COCO


class HandObjectBoxes:
    """A RegionDetector (data.annotators.contracts)."""

    def __init__(self, folder: Path, device: str, labels: Mapping[str, str], threshold: float = 0.5) -> None:
        """Load a detection checkpoint that `save_pretrained` wrote.

        Args:
            folder: the checkpoint with its image processor's configuration.
            device: "cuda" or "cpu".
            labels: {label of the checkpoint: "face" or "hand"}.
            threshold: score below which a box does not count.

        Raises:
            ValueError: the checkpoint does not know a label.
        """
        model: Any = AutoModelForObjectDetection.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        known = set(model.config.id2label.values())
        if unknown := sorted(labels.keys() - known):
            raise ValueError(f"{folder} knows no label {unknown[0]}: it has {', '.join(sorted(known))}")
        self.model = model.to(device).eval()
        self.processor: Any = AutoImageProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
        self.kinds = {index: labels[name] for index, name in model.config.id2label.items() if name in labels}
        self.threshold, self.folder = threshold, folder

    @property
    def provenance(self) -> Provenance:
        return provenance(f"transformers {self.model.config.model_type}", "transformers", self.folder, "Apache-2.0")

    def detect(self, rgb_THWC: Frames, pose: PoseTrack) -> list[FrameBoxes]:
        """See RegionDetector. Of each kind the surest box; two hands are told apart by the wrists."""
        return [self._frame(rgb_HWC, pose.body_TK3[frame]) for frame, rgb_HWC in enumerate(rgb_THWC)]

    @torch.no_grad()
    def _frame(self, rgb_HWC: Frames, body_K3: Any) -> FrameBoxes:
        inputs = self.processor(images=rgb_HWC, return_tensors="pt").to(self.model.device)
        (detected,) = self.processor.post_process_object_detection(
            self.model(**inputs), threshold=self.threshold, target_sizes=[rgb_HWC.shape[:2]]
        )
        ordered = detected["scores"].argsort(descending=True).tolist()
        labelled = [(self.kinds.get(int(detected["labels"][at])), detected["boxes"][at].tolist()) for at in ordered]
        face = next((box for kind, box in labelled if kind == "face"), None)
        hands = [box for kind, box in labelled if kind == "hand"][:2]
        left, right = sides(hands, body_K3[LEFT_WRIST, :2], body_K3[RIGHT_WRIST, :2])
        height, width = rgb_HWC.shape[:2]
        return FrameBoxes(
            face=_pixels(face, height, width),
            left_hand=_pixels(left, height, width),
            right_hand=_pixels(right, height, width),
        )


def build(tool: RegionTool) -> HandObjectBoxes:
    return HandObjectBoxes(weights_folder(tool, "a detection checkpoint of transformers"), tool.device, tool.labels)


def sides(hands: list[list[float]], left_wrist: Any, right_wrist: Any) -> tuple[Any, Any]:
    """At most two hand boxes as (left, right), so that the sum of distances to the wrists is smallest."""

    def distance(box: list[float], wrist: Any) -> float:
        return float(np.hypot((box[0] + box[2]) / 2 - wrist[0], (box[1] + box[3]) / 2 - wrist[1]))

    if not hands:
        return None, None
    if len(hands) == 1:
        is_left = distance(hands[0], left_wrist) <= distance(hands[0], right_wrist)
        return (hands[0], None) if is_left else (None, hands[0])
    straight = distance(hands[0], left_wrist) + distance(hands[1], right_wrist)
    crossed = distance(hands[1], left_wrist) + distance(hands[0], right_wrist)
    return (hands[0], hands[1]) if straight <= crossed else (hands[1], hands[0])


def _pixels(box: list[float] | None, height: int, width: int) -> Box | None:
    if box is None:
        return None
    x1, y1, x2, y2 = (round(value) for value in box)
    return max(0, x1), max(0, y1), min(width - 1, x2), min(height - 1, y2)
