"""The body mesh by SAM-3D-Body (facebookresearch/sam-3d-body). It is in no package index: its environment is your own.

CoInteract, arXiv 2604.19636, sec. 3.3. Follow its INSTALL.md in a virtual environment, add what our data layer needs
(numpy, pydantic, av, pillow), and name it as the tool's `environment`. What stands here of the model follows its
documented use and has never been run by us; the drawing of the mesh is tested.

Shape legend: T frames, H W pixels, V vertices in metres (x right, y down, z away from the camera), F triangles.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data.annotators.config import BodyMeshTool
from data.annotators.contracts import Frames, PoseTrack
from data.annotators.published.weights import provenance, weights_folder
from data.contracts import Provenance

Floats = NDArray[np.floating]
AMBIENT = 0.35  # of the light; the rest falls along the view


class Sam3DBodyMesh:
    """A BodyMesher (data.annotators.contracts)."""

    def __init__(self, folder: Path, device: str) -> None:
        """Load the checkpoint.

        Args:
            folder: model.ckpt and assets/mhr_model.pt.
            device: "cuda" or "cpu".
        """
        from sam_3d_body import (
            SAM3DBodyEstimator,
            load_sam_3d_body,
        )

        model, model_cfg = load_sam_3d_body(
            str(folder / "model.ckpt"), device=device, mhr_path=str(folder / "assets/mhr_model.pt")
        )
        self.estimator: Any = SAM3DBodyEstimator(sam_3d_body_model=model, model_cfg=model_cfg)
        self.folder = folder

    @property
    def provenance(self) -> Provenance:
        return provenance("sam-3d-body", "sam-3d-body", self.folder, "LicenseRef-SAM")

    def render(self, rgb_THWC: Frames, pose: PoseTrack) -> Frames:
        """See BodyMesher. The person's box comes from the pose; a frame without a pose stays black."""
        return np.stack([self._frame(rgb_HWC, pose.body_TK3[frame]) for frame, rgb_HWC in enumerate(rgb_THWC)])

    def _frame(self, rgb_HWC: Frames, body_K3: Floats) -> Frames:
        height, width = rgb_HWC.shape[:2]
        seen_K3 = body_K3[body_K3[:, 2] > 0]
        if not len(seen_K3):
            return np.zeros_like(rgb_HWC)
        box_14 = np.concatenate([seen_K3[:, :2].min(0), seen_K3[:, :2].max(0)])[None]
        people = self.estimator.process_one_image(rgb_HWC, bboxes=box_14)
        if not people:
            return np.zeros_like(rgb_HWC)
        vertices_V3 = people[0]["pred_vertices"] + people[0]["pred_cam_t"]
        return draw_mesh(vertices_V3, self.estimator.faces, float(people[0]["focal_length"]), height, width)


def build(tool: BodyMeshTool) -> Sam3DBodyMesh:
    return Sam3DBodyMesh(weights_folder(tool, "a folder with model.ckpt and assets/mhr_model.pt"), tool.device)


def draw_mesh(vertices_V3: Floats, faces_F3: NDArray[np.integer], focal: float, height: int, width: int) -> Frames:
    """The mesh in grey on black, lit from the camera, far triangles first.

    Args:
        vertices_V3: in front of the camera (z > 0).
        faces_F3: corners of the triangles.
        focal: focal length in pixels; the optical axis meets the picture's middle.
        height: of the picture.
        width: of the picture.
    """
    corners_F33 = vertices_V3[faces_F3]
    across_F3 = np.cross(corners_F33[:, 1] - corners_F33[:, 0], corners_F33[:, 2] - corners_F33[:, 0])
    facing_F = np.abs(across_F3[:, 2]) / np.maximum(np.linalg.norm(across_F3, axis=1), 1e-12)
    light_F = (255 * (AMBIENT + (1 - AMBIENT) * facing_F)).astype(int)
    middle = np.array([width / 2, height / 2])
    pixels_F32 = focal * corners_F33[..., :2] / corners_F33[..., 2:] + middle
    picture = Image.new("L", (width, height))
    draw = ImageDraw.Draw(picture)
    for face in np.argsort(-corners_F33[..., 2].mean(1)):
        draw.polygon([(float(x), float(y)) for x, y in pixels_F32[face]], fill=int(light_F[face]))
    return np.asarray(picture)[..., None].repeat(3, axis=-1)
