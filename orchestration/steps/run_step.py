"""One step = one child process in a run folder whose name is a fingerprint of all that its result depends on.

So the same order finds its finished run and reuses it, an interrupted one continues where its folder stands, and a
changed value starts another run. Nothing is ever overwritten.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from foundation.child_process import run_child
from foundation.digests import folder_digest
from foundation.run_folder import RunFolder
from orchestration.load_config import PipelineConfig
from orchestration.steps.work import Made, Work

RUNS = Path("runs")
CODE_VERSION = "2"  # raise it when a step's numerics change on purpose: finished runs are then made anew


@dataclass(frozen=True)
class Order:
    """One child process to run."""

    name: str
    command: list[str]  # what follows `python`; the run folder is added as the last argument
    sections: list[str]  # dotted parts of the configuration that decide the result
    parents: dict[str, str | None]  # digests of what it is made from
    inputs: Mapping[str, BaseModel | str | None]  # what it is handed: parents' receipts
    environment: dict[str, str] = field(default_factory=dict)
    pinned: dict[str, str] = field(default_factory=dict)  # folder it reads -> the digest it has throughout

    def folder(self, config: PipelineConfig) -> RunFolder:
        """Where it runs: runs/<name>-<fingerprint>."""
        identity = {
            "code": CODE_VERSION,
            "sections": {name: _section(config, name) for name in self.sections},
            "parents": self.parents,
        }
        fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:10]
        return RunFolder(RUNS / f"{self.name}-{fingerprint}")


def run_step(work: Work, order: Order, receipt: type[BaseModel], intact: Callable[[Any], bool]) -> Made:
    """Reuse the order's finished run where its bytes are still there, else run it.

    Args:
        intact: whether what a receipt names is still what it was; False where it is gone, ValueError where it changed.
    """
    folder = order.folder(work.config)
    found = folder.result()
    if found is not None:
        known = receipt.model_validate(found)
        if intact(known):
            return Made(known, reused=True)
        work.say(f"{folder.path}: what its result names is gone, running it again")
        (folder.path / "result.json").unlink()
    _assert_pinned(order)
    folder.order(work.config.as_dict(), {name: _plain(value) for name, value in order.inputs.items()})
    result = run_child([*order.command, str(folder.path)], folder, work.say, **order.environment)
    try:
        _assert_pinned(order)
    except ValueError:
        (folder.path / "result.json").unlink()  # of which data it is the result, nobody can say
        raise
    return Made(receipt.model_validate(result), reused=False)


def _assert_pinned(order: Order) -> None:
    """The data is the version that the order was made for: asked before the work and after it."""
    for folder, digest in order.pinned.items():
        if folder_digest(Path(folder)) != digest:
            raise ValueError(
                f"{order.name} is pinned to version {digest[:12]} of {folder}, which is another one now: "
                "leave datasets/ alone while it is worked on, and run again"
            )


def _section(config: PipelineConfig, dotted: str) -> Any:
    value: Any = config.as_dict()
    for part in dotted.split("."):
        value = value[part]
    return value


def _plain(value: BaseModel | str | None) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
