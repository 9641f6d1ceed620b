"""Structure video: the shaded body mesh, which shows limbs and fingers. Put together by this project itself."""

from data.annotators.config import Tool
from data.annotators.contracts import Frames, Mask
from data.clips.structure_video import compose_structure
from data.contracts import Provenance

OURS = Provenance(tool="graspline", version="0.1.0", licence="Apache-2.0")


class MeshStructure:
    """StructureComposer."""

    provenance = OURS

    def compose(self, rgb_THWC: Frames, mesh_THWC: Frames, product_THW: Mask) -> Frames:
        return compose_structure(rgb_THWC, mesh_THWC, product_THW)


def build(_: Tool) -> MeshStructure:
    return MeshStructure()
