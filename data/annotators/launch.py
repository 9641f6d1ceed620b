"""Annotate one clip: the parent's side, without any annotator's package.

A folder holds rgb.mp4 (and product.png, where one was delivered); the tools that the configuration names run as child
processes, each under the Python of its own environment, and leave their files and annotations.json there.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from data.annotators.annotations import CLIP, Annotations, read_annotations
from data.annotators.config import ANNOTATORS, TASKS, AnnotationConfig, Task
from foundation.child_process import OnLine, follow
from foundation.home import ROOT
from foundation.progress import parse_progress
from foundation.whole_file import write_whole

CONFIG = "annotation.json"


class AnnotationError(RuntimeError):
    """An annotator failed. The message names clip folder and tasks and ends with the tool's last words."""


def annotate(
    folder: Path, config: AnnotationConfig, on_line: OnLine = print, tasks: Sequence[Task] = TASKS
) -> Annotations:
    """Annotate the clip in `folder`; their progress lines go to `on_line`.

    Args:
        folder: holds rgb.mp4, and product.png where a picture of the product was delivered.
        tasks: some of TASKS, in any order. Pose and regions are the cheap ones (seconds): call with these first, look
            at the result, and call again with the others. What a task needs must have been done before.

    Raises:
        ValueError: the folder holds no clip, or an environment is not installed; names the command that does.
        AnnotationError: a tool failed.
    """
    if not (folder / CLIP).is_file():
        raise ValueError(f"{folder / CLIP} is missing: put the clip there")
    write_whole(folder / CONFIG, config.model_dump_json(indent=1))

    def environment_of(task: Task) -> str:
        return config.tool(task).environment

    for environment, group in groupby(sorted(tasks, key=TASKS.index), key=environment_of):
        _run(python_of(environment), folder, list(group), on_line)
    annotations = read_annotations(folder)
    if annotations is None:
        raise AnnotationError(f"{folder}: the annotators ended without annotations.json")
    return annotations


def python_of(environment: str) -> Path:
    """The interpreter of a virtual environment.

    Raises:
        ValueError: it is not installed.
    """
    python = ROOT / environment / "bin/python"
    if not python.is_file():
        fix = "run `make setup-annotators`" if environment == ANNOTATORS else "install it, or correct `environment`"
        raise ValueError(f"the annotators' environment {environment} is missing: {fix}")
    return python


def _run(python: Path, folder: Path, tasks: list[Task], on_line: OnLine) -> None:
    """One child. The chatter of its libraries stays out of sight; an error ends with its last words."""

    def only_progress(line: str) -> None:
        if parse_progress(line):
            on_line(line)

    command = ["-m", "data.annotators.annotate_clip", str(folder.resolve()), CONFIG, *tasks]
    code, last = follow(command, only_progress, {"PYTHONPATH": str(ROOT)}, python)
    if code != 0:
        raise AnnotationError(f"{folder}: {', '.join(tasks)} ended with exit code {code}: {last or 'without a word'}")
