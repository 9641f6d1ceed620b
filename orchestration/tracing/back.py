"""From a generated video or a registered version back to the clips that it was learnt from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foundation.run_folder import RESULT, RunFolder
from foundation.sealed_file import read_sealed
from foundation.state_file import read_state
from foundation.video_about import read_about
from model.contracts import EncodedBatch, TrackingConfig, TrainingSet
from model.contracts.method import StageRecord
from orchestration.registry.entries import Entry
from orchestration.registry.succession import Succession
from orchestration.registry.trained_on import training_set_clips
from orchestration.steps.run_step import ORIGIN, RUNS
from orchestration.tracing.contracts import TracedBatch, TracedClip, TracedModel, TracedStage, TracedVideo


def trace_video(tracking: TrackingConfig, video: Path) -> TracedVideo:
    """The model that made a video, by the digest in the video's metadata, and all that it comes from.

    Raises:
        ValueError: the video says nothing of itself, or its model is in no registry that is asked.
    """
    says = read_about(video)
    if says is None:
        raise ValueError(
            f"{video} does not say what made it: it was not made by `graspline generate`, or a tool that copied it "
            "dropped its metadata (ask V.json beside the original)"
        )
    digest = str(says.get("artifact_digest", ""))
    known = Succession(tracking).models.version_of(digest)
    if known is None:
        raise ValueError(
            f"{video} was made by artifact {digest[:12]} ({says.get('registered_model')} version "
            f"{says.get('version')}), which {tracking.registered_model} at {tracking.uri} does not know: name its "
            "registry (tracking.uri=..., tracking.registered_model=...)"
        )
    return TracedVideo(video=str(video), says=says, model=trace_model(tracking, str(known.version)))


def trace_model(tracking: TrackingConfig, name: str) -> TracedModel:
    """A registered version: number, champion, challenger or previous_champion.

    Raises:
        ValueError: there is none, or its receipts were changed.
    """
    succession = Succession(tracking)
    version = succession.version_named(name)
    artifact, _ = succession.models.release(version)
    stages = [_stage(record) for record in artifact.training]
    train_digest = artifact.training[-1].train_digest
    clips = training_set_clips(train_digest)
    return TracedModel(
        model=tracking.registered_model,
        version=version,
        artifact_digest=artifact.digest,
        aliases=aliases_of(succession, version),
        reigns=said_of(succession.look().entries, version),
        stages=stages,
        train_digest=train_digest,
        **_sides(stages),
        clips=None if clips is None else [traced(clip, facts) for clip, facts in clips.items()],
    )


def aliases_of(succession: Succession, version: str) -> list[str]:
    """The names by which a version is known now."""
    return sorted(alias for alias, number in succession.models.aliases().items() if number == version)


def said_of(entries: Sequence[Entry], version: str) -> list[str]:
    """What the ledger says of a version, the oldest first."""
    return [f"{entry.time[:16]} {entry.action} by {entry.actor}" for entry in entries if entry.version == version]


def traced(clip: str, facts: Sequence[str]) -> TracedClip:
    """A clip of a training set, as orchestration.registry.trained_on keeps it."""
    person, product, licence, consent = [*facts, "", ""][:4]
    return TracedClip(clip=clip, person=person, product=product, licence=licence, consent=consent)


def _stage(record: StageRecord) -> TracedStage:
    facts = {name: getattr(record, name) for name in ("stage", "steps", "seed", "weights_sha256", "train_digest")}
    run = _run_of(record)
    if run is None:
        return TracedStage(**facts, run=None)
    receipt, origin = read_sealed(run.path / RESULT, "")["receipt"], run.path / ORIGIN
    return TracedStage(
        **facts,
        run=str(run.path),
        mlflow_run_id=receipt["mlflow_run_id"],
        retraining=read_state(origin, dict[str, Any], "run again") if origin.exists() else None,
        configuration=str(run.path / "config.yaml"),
    )


def _run_of(record: StageRecord) -> RunFolder | None:
    """The finished run that left these weights, if it is on this machine."""
    for file in sorted(RUNS.glob(f"{record.stage}-*/{RESULT}")):
        try:
            receipt = read_sealed(file, "")["receipt"]
        except ValueError:
            continue
        if receipt.get("weights_sha256") == record.weights_sha256:
            return RunFolder(file.parent)
    return None


def _sides(stages: Sequence[TracedStage]) -> dict[str, list[TracedBatch]]:
    """What was learnt from and what was held out, as the last stage's run was told."""
    last = stages[-1].run
    if last is None:
        return {"batches": [], "exam": []}
    training_set = RunFolder(Path(last)).input("training_set", TrainingSet)
    return {"batches": list(map(_traced, training_set.train)), "exam": list(map(_traced, training_set.held_out))}


def _traced(batch: EncodedBatch) -> TracedBatch:
    digests = {name: getattr(batch, name) for name in ("prepared_digest", "encoders_digest")}
    return TracedBatch(batch=batch.batch, encoded_digest=batch.digest, **digests)
