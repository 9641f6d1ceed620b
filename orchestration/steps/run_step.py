"""One step = one child process in a run folder whose name is a fingerprint of all that its result depends on.

So the same request finds its finished run and reuses it, an interrupted one continues where its folder stands, and a
changed value starts another run. Nothing is ever overwritten. What decides is found by exclusion: the child can read
only the sections it was given, every field of them counts that does not say otherwise (foundation.fingerprint), and so
does the code that it runs (foundation.code_digest).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from foundation.child_process import run_child
from foundation.digests import folder_digest
from foundation.fingerprint import fingerprint
from foundation.run_folder import RunFolder
from orchestration.steps.step import StepContext, StepResult

RUNS = Path("runs")


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


def run_step(
    step: StepContext, request: StepRequest, receipt: type[BaseModel], intact: Callable[[Any], bool]
) -> StepResult:
    """Reuse the request's finished run where its bytes are still there, else run it.

    Args:
        intact: whether what a receipt names is still what it was; False where it is gone, ValueError where it changed.
    """
    folder = request.folder
    result = folder.result()
    if result is not None:
        known = receipt.model_validate(result)
        if intact(known):
            return StepResult(known, reused=True)
        step.log(f"{folder.path}: what its result names is gone, running it again")
        (folder.path / "result.json").unlink()
    _assert_pinned(request)
    folder.write_request(
        {name: section.model_dump(mode="json") for name, section in request.sections.items()},
        {name: _plain(value) for name, value in request.inputs.items()},
    )
    result = run_child([*request.command, str(folder.path)], folder, step.log, request.environment)
    try:
        _assert_pinned(request)
    except ValueError:
        (folder.path / "result.json").unlink()  # of which data it is the result, nobody can tell
        raise
    return StepResult(receipt.model_validate(result), reused=False)


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
