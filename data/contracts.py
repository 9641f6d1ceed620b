"""What the data layer promises to the layers above: its configuration, one clip's record, one batch's receipt.

Pure pydantic, no work at import. Every model is frozen and refuses unknown fields, so a typo is an error.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, field_validator, model_validator

from data.annotators.config import AnnotationConfig
from data.validation.thresholds import ValidationThresholds

Split = Literal["train", "held_out"]
MapKind = Literal["processes", "ray"]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""Becomes the name of a folder: letters, digits, _ . -"""
Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels of the picture the box belongs to; x2 and y2 inclusive."""


Look = Literal["sketch", "anny"]
Structure = Literal["mesh", "silhouette"]


class ClipFormat(BaseModel, frozen=True, extra="forbid"):
    """The one format every prepared clip has. Paper: 81 frames, 25 fps (CoInteract, arXiv 2604.19636)."""

    frames: int = Field(ge=5)  # 4k + 1: the causal video codec takes one frame, then groups of four
    frames_per_second: int = Field(ge=1)
    height: int = Field(ge=16, multiple_of=16)  # 8 (codec stride) x 2 (patch)
    width: int = Field(ge=16, multiple_of=16)
    motion_frames: int = Field(ge=0)  # the frames just before the clip; 0: no motion context
    audio_samples_per_second: int = 16_000
    lossless: bool = True  # prepared videos keep every pixel; false: H.264 at crf 18, a tenth of the size

    @field_validator("frames", "motion_frames")
    @classmethod
    def _one_and_groups_of_four(cls, frames: int) -> int:
        if frames and frames % 4 != 1:
            raise ValueError(f"{frames} is not 4k + 1 (5, 9, ... 33, ... 73, 81), which the video codec needs")
        return frames


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


class FrameBoxes(BaseModel, frozen=True, extra="forbid"):
    """Boxes on one pixel frame; None where the thing is not in the picture."""

    face: Box | None = None
    left_hand: Box | None = None
    right_hand: Box | None = None
    product: Box | None = None


class Provenance(BaseModel, frozen=True, extra="forbid"):
    """Which tool wrote a field of a clip."""

    tool: str
    version: str
    weights_sha256: str | None = None  # None: the tool has no weights
    licence: str  # of the tool and its weights, as SPDX names it


class ClipRecord(BaseModel, frozen=True, extra="forbid"):
    """One line of `manifest.jsonl`, raw or prepared. Paths are relative to the manifest's folder."""

    clip_id: Name
    prompt: str
    person_id: str
    product_id: str
    video: str
    hoi_video: str
    audio: str
    person_image: str
    product_image: str | None = None
    motion_video: str | None = None
    pose_video: str | None = None
    frames: int
    frames_per_second: float
    height: int
    width: int
    boxes: dict[int, FrameBoxes]  # pixel frame -> boxes; annotated on frames 2, 6, 10 ... (every fourth)
    licence: str = ""  # of the footage, as SPDX names it; validation refuses a clip without
    consent_date: date | None = None  # when the person agreed; validation refuses a clip without
    provenance: dict[str, Provenance] = {}  # field -> the annotator that wrote it; absent: delivered with the clip


class PreparedBatch(BaseModel, frozen=True, extra="forbid"):
    """Receipt of datasets/prepared/<batch>: enough to check that the folder is what it was."""

    batch: str
    folder: str  # relative to the project root
    clips: int
    digest: str  # sha256 over the sorted (relative path, sha256) of every file in the folder
    raw_digest: str
    valid: bool  # every Great Expectations rule passed
    failures: list[str]  # "clip 0003 | field hand_boxes | ... | fix: ..."
    accepted: list[str] = []  # the same for known defects that the configuration accepts, each with the reason
    no_longer: list[str] = []  # accepted defects that do not occur
    validation_page: str = ""  # HTML, relative to the project root
    contact_sheet: str  # PNG, relative to the project root


class RawBatch(BaseModel, frozen=True, extra="forbid"):
    """Receipt of datasets/raw/<batch>, as delivered."""

    batch: str
    folder: str
    source: str
    clips: int
    digest: str
