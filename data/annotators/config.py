"""Which tool does each annotation task: the `annotation` part of a batch of raw footage, in conf/data.

A task is a field here and a folder beside this file; its tools are the modules there, and `kind` is a module's name.
By default all tools are the offline ones: a CPU and `make setup-annotators` are enough. `environment` names
the virtual environment whose Python runs a tool: tools that cannot live together run as children of different ones.
Pure pydantic and light: orchestration reads it too.
"""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from foundation.bounds import Count, PathText, Text
from foundation.by_name import check_choice

Task = Literal["pose", "regions", "product_mask", "body_mesh", "structure", "separation", "triplet"]
TASKS: tuple[Task, ...] = get_args(Task)  # in the order in which they build on each other
ANNOTATORS = ".venv-annotators"


class Tool(BaseModel, frozen=True, extra="forbid"):
    """What every tool is given. Offline tools bring their weights in a package; the published ones need a path."""

    kind: str
    environment: PathText = (
        ANNOTATORS  # folder of the virtual environment, from the project's root; `make setup-annotators`
    )
    weights: PathText | None = None  # file or folder with the published tool's weights
    device: Annotated[str, StringConstraints(pattern=r"^(cpu|cuda(:\d{1,2})?)$")] = "cpu"


class RegionTool(Tool, frozen=True, extra="forbid"):
    labels: Annotated[dict[Text, Literal["face", "hand"]], Field(min_length=1)] = {
        "face": "face",
        "hand": "hand",
    }  # {the detector's label: ours}


class ProductMaskTool(Tool, frozen=True, extra="forbid"):
    product_name: Text = "product"  # what SAM3 is asked to find


class BodyMeshTool(Tool, frozen=True, extra="forbid"):
    iterations: Count = 120


class AnnotationConfig(BaseModel, frozen=True, extra="forbid"):
    """One tool a task."""

    pose: Tool = Tool(kind="mediapipe")
    regions: RegionTool = RegionTool(kind="pose_boxes")
    product_mask: ProductMaskTool = ProductMaskTool(kind="grabcut")
    body_mesh: BodyMeshTool = BodyMeshTool(kind="anny")
    structure: Tool = Tool(kind="mesh")
    separation: Tool = Tool(kind="inpaint")
    triplet: Tool = Tool(kind="efficientnet_dlib")

    @model_validator(mode="before")
    @classmethod
    def _a_name_is_a_tool(cls, values: Any) -> Any:
        """`pose: mediapipe` means the same as `pose: {kind: mediapipe}`."""
        if not isinstance(values, dict):
            return values
        return {task: {"kind": value} if isinstance(value, str) else value for task, value in values.items()}

    @field_validator("*")
    @classmethod
    def _the_task_has_this_tool(cls, tool: Tool, info: ValidationInfo) -> Tool:
        assert info.field_name is not None
        check_choice(folder_of(info.field_name), tool.kind)
        return tool

    def tool(self, task: str) -> Tool:
        """What a task is done with."""
        return getattr(self, task)


def folder_of(task: str) -> str:
    """The package whose modules are a task's tools."""
    return f"{__package__}.{task}"
