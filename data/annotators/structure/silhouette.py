"""Structure video: the body as a flat grey silhouette, where the mesh's shading is not to be learnt."""

import numpy as np

from data.annotators.config import Tool
from data.annotators.contracts import Frames, Mask
from data.annotators.structure.mesh import OURS
from data.clips.structure_video import compose_structure, shown

GREY = np.uint8(200)


class SilhouetteStructure:
    """StructureComposer."""

    provenance = OURS

    def compose(self, rgb_THWC: Frames, mesh_THWC: Frames, product_THW: Mask) -> Frames:
        flat_THW1 = np.where(shown(mesh_THWC), GREY, np.uint8(0))[..., None]
        return compose_structure(rgb_THWC, np.broadcast_to(flat_THW1, mesh_THWC.shape), product_THW)


def build(_: Tool) -> SilhouetteStructure:
    return SilhouetteStructure()
