"""What a trace tells: a model with all that it comes from, and who was trained on what."""

from typing import Any

from pydantic import BaseModel


class TracedClip(BaseModel, frozen=True, extra="forbid"):
    """One clip that was learnt from."""

    clip: str  # BATCH/CLIP
    person: str
    product: str
    licence: str  # of the footage, as SPDX names it
    consent: str  # the day on which the person agreed


class TracedBatch(BaseModel, frozen=True, extra="forbid"):
    """One batch at the version that was learnt from."""

    batch: str
    encoded_digest: str
    prepared_digest: str
    encoders_digest: str


class TracedStage(BaseModel, frozen=True, extra="forbid"):
    """One stage of training, and the run that computed it."""

    stage: str
    steps: int
    seed: int
    weights_sha256: str
    train_digest: str
    run: str | None  # its run folder; None: it is not on this machine any more
    mlflow_run_id: str = ""
    retraining: dict[str, Any] | None = None  # id, who started it, overrides, commit; None: nobody wrote it down
    configuration: str | None = None  # config.yaml of the run


class TracedModel(BaseModel, frozen=True, extra="forbid"):
    """A registered version and where it comes from."""

    model: str
    version: str
    artifact_digest: str
    aliases: list[str]
    reigns: list[str]  # what the ledger says of it, the oldest first
    stages: list[TracedStage]
    train_digest: str
    batches: list[TracedBatch]  # none: the run that knew them is not on this machine any more
    exam: list[TracedBatch]  # the held-out batches of the same day
    clips: list[TracedClip] | None  # None: the training set is not known here


class TracedVideo(BaseModel, frozen=True, extra="forbid"):
    """A generated video and its model."""

    video: str
    says: dict[str, Any]  # in its metadata
    model: TracedModel


class Learnt(BaseModel, frozen=True, extra="forbid"):
    """A registered version that learnt from what was asked for."""

    version: str
    aliases: list[str]
    reigns: list[str]
    train_digest: str
    clips: list[str]
    videos: list[str]  # of this version in the folder `videos`


class TracedOn(BaseModel, frozen=True, extra="forbid"):
    """A clip or a person, and what learnt from it."""

    of: str
    clips: list[TracedClip]
    models: list[Learnt]
    unknown: list[str]  # versions whose training set is not known here: they may have
