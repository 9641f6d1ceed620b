"""The person's mesh: Anny fitted to the landmarks of body and hands, drawn without texture.

Shapes as in the contracts.
"""

import numpy as np
import torch

from data.annotators.config import BodyMeshTool
from data.annotators.contracts import Frames, PoseTrack
from data.annotators.offline.anny_rig import AnnyRig
from data.annotators.offline.mesh_fit import Camera, fit_body
from data.annotators.offline.mesh_render import render_mesh
from data.annotators.offline.weights import package_folder, provenance
from data.contracts import Provenance


class AnnyMesher:
    """BodyMesher."""

    def __init__(self, iterations: int) -> None:
        self.iterations = iterations

    @property
    def provenance(self) -> Provenance:
        data = package_folder("anny") / "data"
        weights = [data / "cached/anny.pth", data / "keypoints/coco.pth"]
        return provenance("Anny, fitted to landmarks", "anny", weights, "Apache-2.0 AND CC0-1.0")

    def render(self, rgb_THWC: Frames, pose: PoseTrack) -> Frames:
        """Black where no body was seen: nothing is invented."""
        torch.set_num_threads(1)
        frames, height, width, _ = rgb_THWC.shape
        rig = AnnyRig()
        mesh_THWC = np.zeros((frames, height, width, 3), np.uint8)
        body = fit_body(rig, pose, Camera(height, width), self.iterations)
        if body is None:
            return mesh_THWC
        faces_F3 = rig.triangles().numpy()
        for frame in np.flatnonzero(body.seen_T.numpy()):
            pixels_V2, metres_V3 = body.pixels_TV2[frame].numpy(), body.metres_TV3[frame].numpy()
            mesh_THWC[frame] = render_mesh(pixels_V2, metres_V3, faces_F3, height, width)
        return mesh_THWC


def build(tool: BodyMeshTool) -> AnnyMesher:
    return AnnyMesher(tool.iterations)
