"""A registered version is trained again, from its data, its configuration and its code, in a checkout of its own.

The checkout is at the commit that trained it. It gets the data that was learnt from, held against the
digests of the version's training set, and runs `graspline run` with the retraining's own overrides: whatever that
commit's code is, it is what runs. Nothing of this project's registry is touched.
"""

import math
import shutil
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from evaluation.contracts import EvaluationReport
from foundation.child_process import follow
from foundation.digests import folder_digest
from foundation.git import git
from foundation.home import ROOT
from foundation.run_folder import RESULT
from foundation.sealed_file import read_sealed
from model.contracts import TrackingConfig
from orchestration.registry.succession import Succession
from orchestration.tracing.back import trace_model
from orchestration.tracing.contracts import TracedBatch, TracedModel

RECORDS = ("dvc.lock", "datasets/batches.yaml", "datasets/withdrawals.jsonl")
OnLine = Callable[[str], None]


class Distance(BaseModel, frozen=True, extra="forbid"):
    """How far one metric came out from what it was."""

    metric: str
    was: float
    now: float
    noises: float | None  # the distance in standard errors that the noise seeds alone cause; None: not known


class Reproduced(BaseModel, frozen=True, extra="forbid"):
    """What came of it."""

    version: str
    commit: str
    same_bytes: dict[str, bool]  # stage -> whether its weights are
    distances: list[Distance]  # on the open exam, the largest first


def reproduce(tracking: TrackingConfig, name: str, on_line: OnLine) -> Reproduced:
    """Train a version again, and hold the weights and the metrics against its own.

    Raises:
        ValueError: what it was made of is not known or not here, which names it; or its retraining failed.
    """
    model = trace_model(tracking, name)
    by = _retraining(model)
    with _checkout(by["commit"]) as checkout:
        for batch in model.batches:
            restore(batch, checkout, on_line)
        for batch in model.exam:
            try:
                restore(batch, checkout, on_line)
            except ValueError as error:  # the weights do not depend on it
                on_line(f"the exam is another one than then: {error}")
        environment = {"PYTHONPATH": str(checkout)}
        command = ["-m", "orchestration.commands.main", "run", *by["overrides"]]
        code, last = follow(command, on_line, environment, folder=checkout)
        if code != 0:
            raise ValueError(f"version {model.version} cannot be trained again from commit {by['commit'][:12]}: {last}")
        _, report = Succession(tracking).models.release(model.version)
        return Reproduced(
            version=model.version,
            commit=by["commit"],
            same_bytes={
                stage.stage: stage.weights_sha256 in _left(checkout, stage.stage, "weights_sha256")
                for stage in model.stages
            },
            distances=distances(report, _report(checkout)),
        )


def _retraining(model: TracedModel) -> dict[str, Any]:
    """How its last stage was started. ValueError: nobody knows, or its code was never committed."""
    stage, named = model.stages[-1], f"version {model.version} of {model.model}"
    if stage.run is None or not model.batches:
        raise ValueError(f"the runs of {named} are not in runs/ any more: reproduce it on the machine that trained it")
    if stage.retraining is None or not stage.retraining["commit"]:
        raise ValueError(f"{named} was trained outside a git checkout, so its code is not known: train in one")
    if not stage.retraining["clean"]:
        raise ValueError(
            f"{named} was trained with changes to commit {stage.retraining['commit'][:12]} that nobody committed, so "
            "its code is not known: commit first, then train"
        )
    return stage.retraining


@contextmanager
def _checkout(commit: str) -> Generator[Path]:
    """A git checkout of that commit, removed at the end; it borrows this one's objects."""
    with tempfile.TemporaryDirectory(prefix="graspline_reproduce_") as folder:
        checkout = Path(folder) / "checkout"
        git("clone", "--quiet", "--no-checkout", "--shared", str(ROOT), str(checkout))
        git("-C", str(checkout), "checkout", "--quiet", "--detach", commit)
        yield checkout


def restore(batch: TracedBatch, checkout: Path, on_line: OnLine) -> None:
    """Have the batch in the checkout as it was learnt from: from datasets/ here, else from DVC's cache.

    Raises:
        ValueError: it is in neither.
    """
    for kind in ("raw", "prepared", "encoders", "encoded"):
        source = Path("datasets") / kind / batch.batch
        if source.is_dir():
            shutil.copytree(source, checkout / source, dirs_exist_ok=True)
    settled = Path("datasets/.memory/settled").glob(f"*@{batch.batch}")
    for file in (Path(f"datasets/raw/{batch.batch}.dvc"), *(Path(name) for name in RECORDS), *settled):
        if file.is_file():
            (checkout / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, checkout / file)
    if _is_as_learnt(batch, checkout):
        return
    on_line(f"batch {batch.batch} is another version here, asking DVC's cache for the one of that commit")
    git("-C", str(checkout), "checkout", "--quiet", "--", ".")
    cache = str(Path(".dvc/cache").resolve())
    for arguments in (["cache", "dir", "--local", cache], ["checkout", "--force", "--quiet"]):
        follow(["-m", "dvc", *arguments], on_line, folder=checkout)
    if not _is_as_learnt(batch, checkout):
        raise ValueError(
            f"batch {batch.batch} is not here as it was learnt from (encoded {batch.encoded_digest[:12]}): check out "
            "the commit that recorded it and `dvc pull`, then run this again"
        )


def _is_as_learnt(batch: TracedBatch, checkout: Path) -> bool:
    folder = checkout / "datasets/encoded" / batch.batch
    return folder.is_dir() and folder_digest(folder) == batch.encoded_digest


def distances(was: EvaluationReport, now: EvaluationReport) -> list[Distance]:
    """Each metric that both have, the largest distance first."""
    found: list[Distance] = []
    for name, metric in was.metrics.items():
        again = now.metrics.get(name)
        if metric.value is None or again is None or again.value is None:
            continue
        floors = (metric.noise_floor, again.noise_floor)
        noise = None if None in floors else math.hypot(*(floor for floor in floors if floor is not None))
        apart = abs(again.value - metric.value)
        noises = 0.0 if apart == 0 else apart / noise if noise else None
        found.append(Distance(metric=name, was=metric.value, now=again.value, noises=noises))
    return sorted(found, key=lambda distance: math.inf if distance.noises is None else -distance.noises)


def _left(checkout: Path, step: str, field: str) -> list[Any]:
    """A field of the receipts that a step's runs left in the checkout."""
    return [receipt[field] for receipt in _receipts(checkout, step)]


def _report(checkout: Path) -> EvaluationReport:
    """What the new model got on the open exam."""
    reports = [EvaluationReport.model_validate(receipt) for receipt in _receipts(checkout, "evaluation")]
    return next(report for report in reports if report.exam == "open")


def _receipts(checkout: Path, step: str) -> Sequence[dict[str, Any]]:
    files = sorted((checkout / "runs").glob(f"{step}-*/{RESULT}"))
    return [read_sealed(file, "reproduce it again")["receipt"] for file in files]
