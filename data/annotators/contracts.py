"""What an annotator promises: one protocol a task, arrays in and arrays out, whatever tool stands behind it.

A tool is a module in its task's folder with a function `build(tool)`, which makes it out of its configuration.

| task | published tool (GPU) | offline tool (CPU, weights inside a package) |
|---|---|---|
| pose, face and hand boxes | DWPose | MediaPipe |
| product mask | SAM3 video | grabCut and optical flow |
| body mesh | SAM-3D-Body | Anny, fitted to the landmarks |
| entity separation | Qwen-Image-Edit | mask and inpainting |
| triplet validation | CLIP | EfficientNet features, dlib faces |

CoInteract, arXiv 2604.19636, sec. 3.3. Shape legend: T frames, H W pixels, C = 3 colours (RGB, uint8), K landmarks;
a landmark is (x, y, confidence), x and y in pixels of the picture, confidence 0..1 and 0 where it was not seen.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data.annotators.config import Tool, folder_of
from data.contracts import FrameBoxes, Provenance
from foundation.by_name import load_choice

Frames = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Landmarks = NDArray[np.float32]


@dataclass(frozen=True)
class PoseTrack:
    """One person through a clip, in the parts of COCO-WholeBody. Left and right are the person's own."""

    body_TK3: Landmarks  # K = 17, COCO order
    left_hand_TK3: Landmarks  # K = 21, wrist first
    right_hand_TK3: Landmarks
    face_TK3: Landmarks  # K = 68


@dataclass(frozen=True)
class ProductTrack:
    """Where the product is, [T,H,W], and how surely it is the product.

    `confidence`: 0..1, 0 where nothing was found. `evidence`: what the confidence was made of, by name.
    """

    mask_THW: Mask
    confidence: float
    evidence: dict[str, float]


@dataclass(frozen=True)
class TripletScore:
    """How well the references fit the clip they were made from; None where nothing was seen.

    `person`, `product`: cosines, 1 is the same. `product_left`: share of the product that the person reference shows.
    """

    person: float | None
    product: float | None
    product_left: float | None


class Annotator(Protocol):
    """Every tool names itself."""

    @property
    def provenance(self) -> Provenance: ...


def build(task: str, tool: Tool) -> Any:
    """The tool that does a task, which keeps the task's protocol below; its module is imported only now.

    Raises:
        ValueError: its weights or packages are missing.
    """
    return load_choice(folder_of(task), tool.kind).build(tool)


class PoseEstimator(Annotator, Protocol):
    def estimate(self, rgb_THWC: Frames) -> PoseTrack:
        """The person's landmarks on every frame."""
        ...

    def people(self, rgb_THWC: Frames) -> int:
        """The most people seen at once, looked for on a few frames."""
        ...


class RegionDetector(Annotator, Protocol):
    def detect(self, rgb_THWC: Frames, pose: PoseTrack) -> list[FrameBoxes]:
        """Face and hand boxes of every frame."""
        ...


class ProductMasker(Annotator, Protocol):
    def mask(self, rgb_THWC: Frames, pose: PoseTrack, product_HWC: Frames | None) -> ProductTrack:
        """Where the product is. `product_HWC`: a picture of it, where one was delivered."""
        ...


class BodyMesher(Annotator, Protocol):
    def render(self, rgb_THWC: Frames, pose: PoseTrack) -> Frames:
        """The person's mesh without texture, lit, on black, in the clip's view."""
        ...


class StructureComposer(Annotator, Protocol):
    def compose(self, rgb_THWC: Frames, mesh_THWC: Frames, product_THW: Mask) -> Frames:
        """The structure video of mesh and product mask: the product's own pixels over the body, on black."""
        ...


class EntitySeparator(Annotator, Protocol):
    def person(self, rgb_HWC: Frames, product_HW: Mask) -> Frames:
        """The frame without the product."""
        ...

    def product(self, rgb_HWC: Frames, product_HW: Mask) -> Frames:
        """The product alone on white."""
        ...


class TripletValidator(Annotator, Protocol):
    def score(self, rgb_HWC: Frames, product_HW: Mask, person_HWC: Frames, product_HWC: Frames) -> TripletScore:
        """How well person and product reference fit the frame; `product_HW`: where the product is on it."""
        ...
