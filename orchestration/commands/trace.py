"""`graspline trace`: from a video or version back to its clips, from a clip or person on to its models."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from foundation.whole_file import write_whole
from model.contracts import TrackingConfig
from orchestration.configuration.load_config import load_sections
from orchestration.registry.succession import Succession
from orchestration.tracing.back import trace_model, trace_video
from orchestration.tracing.contracts import TracedClip, TracedModel, TracedOn, TracedVideo
from orchestration.tracing.forward import trace_on
from orchestration.tracing.picture import picture_of

SHOWN = 20  # clips
Trace = TracedVideo | TracedModel | TracedOn


def trace_and_print(
    console: Console, what: str, where: Path, overrides: Sequence[str], as_json: bool, picture: Path | None
) -> None:
    """Print the trace, as text or JSON; draw it where a file is named.

    Raises:
        ValueError: nothing is known of it.
    """
    trace = traced(load_sections(overrides).tracking, what, where)
    if as_json:
        console.print(trace.model_dump_json(indent=1), markup=False, highlight=False, soft_wrap=True)
    else:
        for line in lines_of(trace):
            console.print(escape(line), highlight=False, soft_wrap=True)
    if picture is not None:
        picture.parent.mkdir(parents=True, exist_ok=True)
        write_whole(picture, picture_of(trace))


def traced(tracking: TrackingConfig, what: str, where: Path) -> Trace:
    """A video that exists, a version or its name, a clip or a person: in this order."""
    if (where / what).is_file():
        return trace_video(tracking, where / what)
    succession = Succession(tracking)
    names = {"champion", "previous_champion", *succession.models.aliases(), *succession.models.versions()}
    return trace_model(tracking, what) if what in names else trace_on(tracking, what)


def lines_of(trace: Trace) -> list[str]:
    """The trace, for people."""
    if isinstance(trace, TracedOn):
        return _lines_on(trace)
    if isinstance(trace, TracedModel):
        return _lines_back(trace)
    says = ", ".join(f"{name} {value}" for name, value in trace.says.items())
    return [f"video {trace.video}", f"  says {says}", *_lines_back(trace.model)]


def _lines_back(model: TracedModel) -> list[str]:
    lines = [f"{model.model} version {model.version}{_named(model.aliases)}", f"  artifact {model.artifact_digest}"]
    lines += [f"  {said}" for said in model.reigns]
    for stage in reversed(model.stages):
        lines.append(f"{stage.stage}: {stage.steps} steps, seed {stage.seed}, weights {stage.weights_sha256[:12]}")
        lines.append(
            f"  run {stage.run or 'folder is not here any more'}, in MLflow {stage.mlflow_run_id or 'unknown'}"
        )
        if stage.retraining:
            by, code = stage.retraining, stage.retraining["commit"] or "unknown"
            state = "" if by["clean"] else ", with changes that were not committed"
            lines.append(f"  retraining {by['id']}, started by {by['origin']} {by['started_by']}")
            lines.append(f"  code {code}{state}; overrides {' '.join(by['overrides']) or 'none'}")
            lines.append(f"  configuration {stage.configuration}")
    lines.append(f"training set {model.train_digest}")
    lines += [f"  batch {batch.batch}: encoded {batch.encoded_digest[:12]}" for batch in model.batches]
    if model.clips is None:
        return [*lines, "  its clips are not known here: ask where it was trained"]
    return [*lines, f"  {len(model.clips)} clips:", *_lines_of_clips(model.clips)]


def _lines_on(trace: TracedOn) -> list[str]:
    lines = [f"{trace.of}: {len(trace.clips)} clips were trained on", *_lines_of_clips(trace.clips)]
    for model in trace.models:
        lines.append(f"version {model.version}{_named(model.aliases)} learnt from {len(model.clips)} of them")
        lines += [f"  {said}" for said in model.reigns]
        lines += [f"  video {video}" for video in model.videos]
    if not trace.models:
        lines.append("no registered version learnt from them")
    lines += [f"version {version} may have: its training set is not known here" for version in trace.unknown]
    return lines


def _lines_of_clips(clips: Sequence[TracedClip]) -> list[str]:
    lines = [
        f"    {clip.clip}: person {clip.person}, product {clip.product or 'none'}, "
        f"{clip.licence or 'no licence known'}, consent {clip.consent or 'not known'}"
        for clip in clips[:SHOWN]
    ]
    return [*lines, f"    and {len(clips) - SHOWN} more (--json has all)"] if len(clips) > SHOWN else lines


def _named(aliases: Sequence[str]) -> str:
    return f" ({', '.join(aliases)})" if aliases else ""
