"""One step = one child process in a run folder whose name is a fingerprint of all that its result depends on.

So the same request finds its finished run and reuses it, an interrupted one continues where its folder stands, and a
changed value starts another run. Nothing is ever overwritten. A finished run counts as long as its receipt and every
file of it are what the run left (foundation.run_folder): one that changed is refused, one that lacks a file is run
again. So do the parents' runs before a step reads them. What decides is found by exclusion: the child can read
only the sections it was given, every field of them counts that does not say otherwise (foundation.fingerprint), and so
does the code that it runs (foundation.code_digest).
"""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from foundation.child_process import run_child
from foundation.digests import folder_digest
from foundation.fingerprint import fingerprint
from foundation.named_lock import held
from foundation.run_folder import RESULT, RunFolder
from foundation.whole_file import write_whole
from orchestration.steps.step import StepContext, StepResult

RUNS = Path("runs")
LOCKS = RUNS / ".locks"
ORIGIN = "origin.json"  # in a run folder: the retraining that computed it, sealed with the rest
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class StepRequest:
    """One child process to run."""

    name: str
    command: list[str]  # what follows `python`; the run folder is added as the last argument
    code: str  # digest of the code that computes the result
    sections: Mapping[str, BaseModel]  # the configuration as the child reads it, and no more than it may
    parents: Mapping[str, str | None]  # digests of what it is made from
    inputs: Mapping[str, BaseModel | str | None]  # what it is handed: parents' receipts
    environment: Mapping[str, str] = field(default_factory=dict)
    pinned: Mapping[str, str] = field(default_factory=dict)  # folder it reads -> the digest it has throughout

    @property
    def identity(self) -> str:
        """What names the result: equal where everything that decides it is equal."""
        return fingerprint({"code": self.code, "sections": self.sections, "parents": self.parents})

    @property
    def folder(self) -> RunFolder:
        """Where it runs: runs/<name>-<identity>."""
        return RunFolder(RUNS / f"{self.name}-{self.identity[:10]}")


def run_step(step: StepContext, request: StepRequest, receipt: type[BaseModel]) -> StepResult:
    """Reuse the request's finished run where all of it is still there, else run it.

    Raises:
        ValueError: the finished run or a parent's was changed, or the data is not the version that was asked for.
        ChildFailedError: the step failed.
    """
    with held_run(step, request.folder):
        return _run_or_reuse(step, request, receipt)


@contextmanager
def held_run(step: StepContext, folder: RunFolder) -> Generator[None]:
    """Be the only one who starts work in a run folder, or changes it; wait for whoever does."""

    def tell(line: str) -> None:
        step.log(f"{line}: {folder.run_id}")

    with held(LOCKS / f"{folder.run_id}.lock", step.who, tell):
        if worker := folder.worker():  # its launcher is gone, it is about to end
            tell(f"waiting for process {worker}, which is about to end")
            while folder.worker():
                time.sleep(LOOK_SECONDS)
        yield


def _run_or_reuse(step: StepContext, request: StepRequest, receipt: type[BaseModel]) -> StepResult:
    folder = request.folder
    result = folder.result()
    if result is not None:
        missing = folder.missing()
        if not missing:
            return StepResult(receipt.model_validate(result), reused=True)
        step.log(f"{folder.path / missing[0]} is gone, running it again")
        (folder.path / RESULT).unlink()
    for parent in request.inputs.values():
        if isinstance(parent, BaseModel):
            assert_left(parent)
    _assert_pinned(request)
    folder.write_request(
        {name: section.model_dump(mode="json") for name, section in request.sections.items()},
        {name: _plain(value) for name, value in request.inputs.items()},
    )
    tags = dict[str, str]()
    if step.retraining is not None:
        tags = step.retraining.environment()
        write_whole(folder.path / ORIGIN, step.retraining.model_dump_json(indent=1))
    result = run_child([*request.command, str(folder.path)], folder, step.log, {**request.environment, **tags})
    try:
        _assert_pinned(request)
    except ValueError:
        (folder.path / RESULT).unlink()  # of which data it is the result, nobody can tell
        raise
    return StepResult(receipt.model_validate(result), reused=False)


def assert_left(receipt: BaseModel) -> None:
    """Hold a receipt against the run that left it; one of no run (data, a registered model) has digests of its own.

    Raises:
        ValueError: the run left another receipt or none, or one of its files changed or is gone.
    """
    run = run_of(receipt)
    if run is not None:
        run.assert_left(receipt.model_dump(mode="json"))


def run_of(receipt: BaseModel) -> RunFolder | None:
    """The run folder that a receipt's result lies in."""
    named = Path(getattr(receipt, "run", "") or getattr(receipt, "folder", ""))
    return next((RunFolder(path) for path in (named, *named.parents) if path.parent == RUNS), None)


def _assert_pinned(request: StepRequest) -> None:
    """The data is the version that the request was made for: asked before the work and after it."""
    for folder, digest in request.pinned.items():
        if folder_digest(Path(folder)) != digest:
            raise ValueError(
                f"{request.name} is pinned to version {digest[:12]} of {folder}, which is another one now: "
                "leave datasets/ alone while it is worked on, and run again"
            )


def _plain(value: BaseModel | str | None) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
