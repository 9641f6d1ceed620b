"""Which tool does each annotation task: the `annotation` part of a batch of raw footage, in conf/data.

Without a word said all tools are the offline ones: a CPU and `make setup-annotators` are enough. A tool's
`kind` names it, `environment` the virtual environment whose Python runs it; tools that cannot live together run as
children of different environments. Pure pydantic and light: orchestration reads it too.
"""

from typing import Any, Literal, get_args

from pydantic import BaseModel, Field, model_validator

Task = Literal["pose", "regions", "product_mask", "body_mesh", "structure", "separation", "triplet"]
TASKS: tuple[Task, ...] = get_args(Task)  # in the order in which they build on each other
ANNOTATORS = ".venv-annotators"


class Tool(BaseModel, frozen=True, extra="forbid"):
    """What every tool is told. Offline tools bring their weights in a package; the published ones are given theirs."""

    kind: str
    environment: str = ANNOTATORS  # folder of the virtual environment, from the project's root; `make setup-annotators`
    weights: str | None = None  # file or folder with the published tool's weights
    device: str = "cpu"


class PoseTool(Tool, frozen=True, extra="forbid"):
    kind: Literal["mediapipe", "dwpose"]


class RegionTool(Tool, frozen=True, extra="forbid"):
    kind: Literal["pose_boxes", "hand_object_detector"]
    labels: dict[str, Literal["face", "hand"]] = {"face": "face", "hand": "hand"}  # {the detector's label: ours}


class ProductMaskTool(Tool, frozen=True, extra="forbid"):
    kind: Literal["grabcut", "sam3"]
    product_name: str = "product"  # what SAM3 is asked to find


class BodyMeshTool(Tool, frozen=True, extra="forbid"):
    kind: Literal["anny", "sam3d_body"]
    iterations: int = Field(default=120, ge=1)


class SeparationTool(Tool, frozen=True, extra="forbid"):
    kind: Literal["inpaint", "qwen_image_edit"]


class TripletTool(Tool, frozen=True, extra="forbid"):
    kind: Literal["efficientnet_dlib", "clip"]


class StructureTool(Tool, frozen=True, extra="forbid"):
    """The structure video is put together by this project itself: the mesh, or the mask of person and product."""

    kind: Literal["mesh", "silhouette"]


class AnnotationConfig(BaseModel, frozen=True, extra="forbid"):
    """One tool a task."""

    pose: PoseTool = PoseTool(kind="mediapipe")
    regions: RegionTool = RegionTool(kind="pose_boxes")
    product_mask: ProductMaskTool = ProductMaskTool(kind="grabcut")
    body_mesh: BodyMeshTool = BodyMeshTool(kind="anny")
    structure: StructureTool = StructureTool(kind="mesh")
    separation: SeparationTool = SeparationTool(kind="inpaint")
    triplet: TripletTool = TripletTool(kind="efficientnet_dlib")

    @model_validator(mode="before")
    @classmethod
    def _a_name_is_a_tool(cls, values: Any) -> Any:
        """`pose: mediapipe` says the same as `pose: {kind: mediapipe}`."""
        if not isinstance(values, dict):
            return values
        return {task: {"kind": value} if isinstance(value, str) else value for task, value in values.items()}

    def tool(self, task: Task) -> Tool:
        """What a task is done with."""
        tool = getattr(self, task)
        assert isinstance(tool, Tool)
        return tool
