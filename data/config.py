"""Which tool does each annotation task: the `annotation` part of a batch of raw footage, in conf/data.

Without a word said all tools are the offline ones: a CPU and `make setup-annotators` are enough. A tool's
`kind` names it, `environment` the virtual environment whose Python runs it; tools that cannot live together run as
children of different environments. Pure pydantic and light: orchestration reads it too.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, Field, model_validator

from data.contracts import Name
from data.thresholds import ValidationThresholds
from foundation.clip_format import ClipFormat
from foundation.map_items import MapKind

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


Look = Literal["sketch", "anny"]
Structure = Literal["mesh", "silhouette"]


class StudioBatch(BaseModel, frozen=True, extra="forbid"):
    """One delivery of procedural clips: `clips` of them, clip i deterministic in (seed, i)."""

    source: Literal["studio"]
    seed: int
    clips: int = Field(ge=1)
    look: Look = "sketch"  # sketch: solids in one flat light, 0.1 s a clip; anny: people with faces and fingers
    structure: Structure = "mesh"  # of the structure video, where the look is anny: shaded mesh or flat silhouette


class ReleasedCsvBatch(BaseModel, frozen=True, extra="forbid"):
    """One delivery in the authors' public CSV format. Every quirk it is allowed to have is declared here."""

    source: Literal["released_csv"]
    path: str | None = None  # folder that holds the CSV; filled from DataConfig.path
    csv: str = "data.csv"
    column_map: dict[str, str] = {}  # {column found in the CSV: released column it stands for}
    time_map: Literal["pixel_frames", "latent_frames"] = "pixel_frames"  # what frame_N in the box JSON counts
    container_frames_per_second: float | None = None  # declared wrong container rate whose frames are really 25 fps
    empty_hand_box: Literal["error", "absent"] = "error"
    person_id: str = "unknown"
    product_id: str = "unknown"
    licence: str = ""  # of the footage, as SPDX names it
    consent_date: date | None = None  # when the person agreed, where it is known


class FootageRules(BaseModel, frozen=True, extra="forbid"):
    """When a stretch of raw footage is a clip. Levels are of 8 bits (0..255), shares are of the clip's frames."""

    cut_difference: float = 2.0  # mean colour difference of two frames, in levels, from which a cut is possible ...
    cut_ratio: float = 3.5  # ... and it is one where it is so many times the difference of the frames around
    sharpness: float = 30.0  # variance of the Laplacian of the luma at 360 pixels of shorter side, median of the frames
    movement: float = 0.15  # mean colour difference in 1/25 second, in levels
    speech_share: float = 0.3  # of the clip's sound, in windows of 32 ms
    people: int = 1  # seen at once, at most
    face_share: float = 0.7
    hand_share: float = 0.5  # at least one hand
    product_share: float = 0.5
    person_score: float = 0.0  # of triplet validation, cosine: the tool says what is alike
    product_score: float = 0.0


class RawVideoBatch(BaseModel, frozen=True, extra="forbid"):
    """One delivery of long videos, made into annotated clips as it is delivered."""

    source: Literal["raw_video"]
    path: str | None = (
        None  # folder that holds the videos and footage.csv, .jsonl or .yaml; filled from DataConfig.path
    )
    short_side_pixels: int = Field(default=720, ge=64, multiple_of=2)  # larger pictures are made smaller
    rules: FootageRules = FootageRules()
    annotation: AnnotationConfig = AnnotationConfig()


class ArrivedBatch(BaseModel, frozen=True, extra="forbid"):
    """A folder that somebody put into datasets/raw; its manifest.jsonl (ClipRecord lines), copied last, says it all."""

    source: Literal["arrived"] = "arrived"


BatchOrder = StudioBatch | ReleasedCsvBatch | RawVideoBatch | ArrivedBatch


class DataConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/data/*.yaml."""

    clip: ClipFormat
    batches: dict[Name, Annotated[BatchOrder, Field(discriminator="source")]]  # batch name -> what was ordered
    train_batches: list[str] = Field(min_length=1)
    held_out_batches: list[str] = Field(min_length=1)
    train_on_arrivals: bool = False  # batches that arrived in datasets/raw join the training set
    held_out_is_trained_on: bool = False  # must be said out loud for the one-clip overfit demo
    validation: ValidationThresholds = ValidationThresholds()
    preparation_processes: int = Field(default=2, ge=1)  # of preparation and of encoding, on this machine
    map: MapKind = "processes"  # over what clips are spread; ray: an extra, for many machines
    ray_address: str | None = None  # of a running Ray cluster; none: Ray on this machine alone
    path: str | None = None  # folder of the delivery, for sources that have one (`data.path=...` on the command line)

    @model_validator(mode="before")
    @classmethod
    def _path_reaches_its_batches(cls, values: Any) -> Any:
        """Batches that read a folder and name none take the one of the whole configuration."""
        if not isinstance(values, dict) or not values.get("path"):
            return values
        batches = {
            name: {**batch, "path": batch.get("path") or values["path"]}
            if isinstance(batch, dict) and batch.get("source") in ("released_csv", "raw_video")
            else batch
            for name, batch in values.get("batches", {}).items()
        }
        return {**values, "batches": batches}

    @model_validator(mode="after")
    def _split_names_ordered_batches(self) -> Self:
        for name in (*self.train_batches, *self.held_out_batches):
            if name not in self.batches:
                raise ValueError(f"batch {name} is in the split but not ordered: add it under batches")
        shared = sorted(set(self.train_batches) & set(self.held_out_batches))
        if shared and not self.held_out_is_trained_on:
            raise ValueError(
                f"batch {shared[0]} is trained on and held out: take it from one list, or say "
                "held_out_is_trained_on: true for an overfit on purpose"
            )
        return self
