"""`graspline generate`: a registered model, a person, a product, a prompt and speech -> a video with sound."""

from pathlib import Path

from pydantic import BaseModel
from rich.progress import Progress

from data.contracts import ClipRecord
from data.manifest import read_manifest
from data.progress import parse_progress
from orchestration.launch_process import follow
from orchestration.load_config import load_config
from orchestration.release import Registry


class Inputs(BaseModel, frozen=True):
    """What the user gave; None is filled from the clip named by `--like`."""

    prompt: str | None
    person: Path | None
    product: Path | None
    audio: Path | None


def generate_video(model: str, given: Inputs, like: str | None, seed: int, out: Path) -> Path:
    """Generate one clip with a registered model.

    Raises:
        ValueError: no such model, or an input is missing.
    """
    registry = Registry(load_config().tracking)
    artifact = registry.folder(registry.version_named(model))
    inputs = _filled(given, like or _first_held_out())
    out.parent.mkdir(parents=True, exist_ok=True)
    arguments = ["-m", "model.inference.generate", str(artifact), "--seed", str(seed), "--out", str(out)]
    for name, value in inputs.model_dump().items():
        arguments += [f"--{name}", str(value)] if value is not None else []
    with Progress(transient=True) as progress:
        task = progress.add_task("generating", total=None)

        def show(line: str) -> None:
            if found := parse_progress(line):
                progress.update(task, completed=found[0], total=found[1])

        code, last = follow(arguments, show)
    if code != 0:
        raise ValueError(last)
    return out


def _first_held_out() -> str:
    batch = load_config().data.held_out_batches[0]
    return f"{batch}/{_records(batch)[0].clip_id}"


def _filled(given: Inputs, like: str) -> Inputs:
    batch, _, clip_id = like.partition("/")
    clips = {record.clip_id: record for record in _records(batch)}
    if clip_id not in clips:
        raise ValueError(f"--like {like}: batch {batch} has no clip {clip_id}; it has {', '.join(list(clips)[:5])} ...")
    clip, folder = clips[clip_id], Path("datasets/prepared") / batch
    return Inputs(
        prompt=given.prompt or clip.prompt,
        person=given.person or folder / clip.person_image,
        product=given.product or (folder / clip.product_image if clip.product_image else None),
        audio=given.audio or folder / clip.audio,
    )


def _records(batch: str) -> list[ClipRecord]:
    manifest = Path("datasets/prepared") / batch / "manifest.jsonl"
    if not manifest.exists():
        raise ValueError(f"{manifest} is missing: `graspline run` prepares it, or give --person, --audio and --prompt")
    return read_manifest(manifest.parent)
