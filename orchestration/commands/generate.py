"""`graspline generate`: a registered model, a person, a product, prompts and speech -> videos with sound."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel
from rich.console import Console
from rich.progress import Progress

from data.clips.manifest import read_manifest
from data.contracts import ClipRecord
from foundation.child_process import follow
from foundation.fingerprint import harmless_fields
from foundation.names import check_name
from foundation.progress import parse_progress
from model.contracts import SamplingConfig
from orchestration.configuration.load_config import PipelineConfig, load_sections
from orchestration.registry.succession import Succession

CHANGES_GENERATION = ("experiment", "data", "tracking", "approval", "sampling")


class Inputs(BaseModel, frozen=True):
    """What the user gave. What is needed and missing comes from a clip, `like` or the first held-out one."""

    prompts: list[str] = []
    person: Path | None = None
    product: Path | None = None
    no_product: bool = False
    audio: Path | None = None
    pose: Path | None = None
    csv: Path | None = None
    like: str | None = None
    seeds: list[int] = []
    seconds: float | None = None
    out: Path


def generate_videos(console: Console, model: str, given: Inputs, overrides: Sequence[str]) -> None:
    """Generate with a version of the registered model (`tracking.registered_model` among the overrides names it).

    Raises:
        ValueError: no such model, an input is missing, or two contradict each other.
    """
    config = load_sections(overrides)
    sampling = sampling_changes(config, overrides)
    succession = Succession(config.tracking, config.approval)
    artifact = succession.verified_folder(model)
    known_as = ["--registered-as", config.tracking.registered_model, succession.version_named(model)]
    arguments = ["-m", "model.inference.generate", str(artifact), *options(filled(given, config)), *known_as]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("generating", total=None)

        def show(line: str) -> None:
            if step := parse_progress(line):
                progress.update(task, completed=step[0], total=step[1])
            elif line.startswith(("seam ", "video: ")):
                progress.console.print(line.replace("video: ", "wrote "), highlight=False, soft_wrap=True)

        code, last = follow([*arguments, "--sampling", json.dumps(sampling)], show)
    if code != 0:
        raise ValueError(last)


def options(given: Inputs) -> list[str]:
    """The child's command line."""
    named = {name: getattr(given, name) for name in ("person", "product", "audio", "pose", "csv", "seconds", "out")}
    single = [f"--{name}={value}" for name, value in named.items() if value is not None]
    return [*single, *(f"--prompt={prompt}" for prompt in given.prompts), *(f"--seed={seed}" for seed in given.seeds)]


def sampling_changes(config: PipelineConfig, overrides: Sequence[str]) -> dict[str, object]:
    """What replaces the artifact's own sampling: the fields that the overrides name, and those that decide no pixel.

    Raises:
        ValueError: an override that changes nothing here.
    """
    values = config.sampling.model_dump()
    changes = {name: values[name] for name in harmless_fields(SamplingConfig)}
    for override in overrides:
        key = override.lstrip("+~").partition("=")[0]
        group, _, field = key.partition(".")
        if group not in CHANGES_GENERATION:
            raise ValueError(
                f"{override}: a registered model is as it was trained; an override here begins with "
                f"{', '.join(CHANGES_GENERATION)}"
            )
        if group == "sampling":
            changes |= {field: values[field]} if field else values
    return changes


def filled(given: Inputs, config: PipelineConfig) -> Inputs:
    """The inputs; those that are needed and missing come from a prepared clip."""
    if given.no_product and given.product is not None:
        raise ValueError("--product and --no-product contradict each other: leave one out")
    if given.csv is not None:
        own = ("prompts", "person", "product", "audio", "pose", "like", "no_product")
        if both := [name for name in own if getattr(given, name)]:
            raise ValueError(f"--csv names every video's inputs: leave --{_option(both[0])} out")
        return given
    if given.like is None and given.prompts and given.person and given.audio:
        return given
    batch, _, clip_id = (given.like or _first_held_out(config)).partition("/")
    clips = {record.clip_id: record for record in _records(batch)}
    if clip_id not in clips:
        some = ", ".join(list(clips)[:5])
        raise ValueError(f"--like {given.like}: batch {batch} has no clip {clip_id}; it has {some} ...")
    clip, folder = clips[clip_id], Path("datasets/prepared") / batch
    product = folder / clip.product_image if clip.product_image and not given.no_product else None
    inputs = {
        "prompts": given.prompts or [clip.prompt],
        "person": given.person or folder / clip.person_image,
        "product": given.product or product,
        "audio": given.audio or folder / clip.audio,
    }
    return given.model_copy(update=inputs)


def _option(field: str) -> str:
    return {"prompts": "prompt"}.get(field, field).replace("_", "-")


def _first_held_out(config: PipelineConfig) -> str:
    batch = config.data.held_out_batches[0]
    return f"{batch}/{_records(batch)[0].clip_id}"


def _records(batch: str) -> list[ClipRecord]:
    manifest = Path("datasets/prepared") / check_name(batch) / "manifest.jsonl"
    if not manifest.exists():
        raise ValueError(f"{manifest} is missing: `graspline run` prepares it, or give --person, --audio and --prompt")
    return read_manifest(manifest.parent)
