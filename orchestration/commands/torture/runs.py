"""Throw whole runs at one scratch project, all at once: each must end as if it were alone, equal steps computed once.

Some runs are configured alike, some train otherwise on the same data, some order the same batches otherwise and so have
to wait. What each run says and leaves is held against what must be.
"""

import json
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from evaluation.contracts import Decision, EvaluationReport
from foundation.child_process import Server, end_server, start_server
from foundation.git import git
from foundation.home import ROOT
from model.contracts import RgbArtifact, TrainedStage, TrainingSet
from orchestration.configuration.load_config import load_config
from orchestration.registry.contracts import RegisteredCandidate
from orchestration.steps.receipts import Receipts

SMOKE = "experiment=smoke"
LOOK_SECONDS = 0.2
OTHERWISE: tuple[tuple[str, ...], ...] = (
    (),
    (),
    ("training.stage_two.seed=5",),
    ("encoding.latent_codec.fit_clips=2",),  # the same batches, encoded otherwise
    (),
    ("training.stage_one.seed=5",),
    ("training.stage_two.seed=5",),
    ("sampling.steps=3",),
)
STEP = re.compile(r"^(?P<step>\S.{33})\s+(?P<how>unchanged|[\d.]+ s)$", re.MULTILINE)
RUN = re.compile(r"^run +(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    """One run, and what came of it."""

    overrides: tuple[str, ...]
    code: int
    seconds: float
    said: str

    @property
    def retraining(self) -> str | None:
        """Its id; None: it did not come to its end."""
        found = RUN.search(self.said)
        return found[1] if found else None

    @property
    def computed(self) -> list[str]:
        """The steps that it computed itself."""
        return [step["step"].strip() for step in STEP.finditer(self.said) if step["how"] != "unchanged"]

    @property
    def waited_for(self) -> list[str]:
        """For whom it waited, in its own words."""
        return list(dict.fromkeys(re.findall(r"waiting for (.+)", self.said)))


def torture_runs(folder: Path, at_once: int, overrides: Sequence[str]) -> list[Ended]:
    """Start the runs in a scratch project below `folder`, which must be empty; wait for all."""
    project = copy_project(folder / "project")
    started = [_start(project, number, (*overrides, *other)) for number, other in enumerate(_mix(at_once))]
    try:
        while any(run.ended is None for run in started):
            for run in started:
                run.look()
            time.sleep(LOOK_SECONDS)
    finally:
        for run in started:
            end_server(run.server)
    return [run.ended for run in started if run.ended is not None]


def faults_of(project: Path, runs: Sequence[Ended]) -> list[str]:
    """What is not as it must be: runs that failed, steps computed twice, parents of another run."""
    found = [
        f"run {number} ended with exit code {run.code}: {run.said[-400:]}"
        for number, run in enumerate(runs)
        if run.code
    ]
    made_by = defaultdict[str, list[int]](list)
    with chdir(project):
        for number, run in enumerate(runs):
            if run.code == 0 and run.retraining:
                receipts = Receipts(load_config([SMOKE, *run.overrides]), run.retraining)
                found += [f"run {number}: {fault}" for fault in _strangers(receipts)]
                for step in ("stage_one", "stage_two", "rgb_artifact"):
                    if step.replace("_", " ") in run.computed:
                        made_by[_folder(receipts.load(step))].append(number)
    found += [f"{folder} was computed by runs {by}" for folder, by in made_by.items() if len(by) > 1]
    return found


def copy_project(project: Path) -> Path:
    """What git keeps of this checkout, in a git checkout of its own, without its data."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "dvc.lock", "datasets/raw/")):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, project / name)
    person = ["-c", "user.name=torture", "-c", "user.email=torture@localhost"]
    for arguments in (["init", "-q"], ["add", "-A"], [*person, "commit", "-q", "-m", "as it is"]):
        git(*arguments, folder=project)
    return project


def _mix(at_once: int) -> list[tuple[str, ...]]:
    return [OTHERWISE[number % len(OTHERWISE)] for number in range(at_once)]


@dataclass
class _Started:
    """A run that was started."""

    overrides: tuple[str, ...]
    server: Server
    said: Path
    since: float
    ended: Ended | None = None

    def look(self) -> None:
        """Note what came of it once it has ended."""
        code = self.server.poll()
        if code is not None and self.ended is None:
            seconds = time.monotonic() - self.since
            self.ended = Ended(self.overrides, code, seconds, self.said.read_text(encoding="utf-8"))


def _start(project: Path, number: int, overrides: tuple[str, ...]) -> _Started:
    said = project.parent / f"run-{number}.txt"
    command = ["-m", "orchestration.commands.main", "run", SMOKE, *overrides]
    with said.open("wb") as log:
        server = start_server(command, project, log, PYTHONPATH=str(project), COLUMNS="200")
    return _Started(overrides, server, said, time.monotonic())


def _strangers(receipts: Receipts) -> list[str]:
    """Parents that are not this run's own."""
    one, two, clips = receipts.load("stage_one"), receipts.load("stage_two"), receipts.load("training_set")
    artifact, report = receipts.load("rgb_artifact"), receipts.load("evaluation_report")
    candidate, decision = receipts.load("registered_candidate"), receipts.load("promotion_decision")
    assert isinstance(one, TrainedStage)
    assert isinstance(two, TrainedStage)
    assert isinstance(clips, TrainingSet)
    assert isinstance(artifact, RgbArtifact)
    assert isinstance(report, EvaluationReport)
    assert isinstance(candidate, RegisteredCandidate)
    assert isinstance(decision, Decision)
    seeds = receipts.config.training
    pairs = {
        "stage one's seed": (one.seed, seeds.stage_one.seed),
        "stage two's seed": (two.seed, seeds.stage_two.seed),
        "stage two's parent": (two.parent_weights_sha256, one.weights_sha256),
        "stage one's clips": (one.train_digest, clips.train_digest),
        "stage two's clips": (two.train_digest, clips.train_digest),
        "the artifact's weights": (artifact.stage_two_weights_sha256, two.weights_sha256),
        "the report's artifact": (report.artifact_digest, artifact.digest),
        "the candidate's artifact": (candidate.artifact.digest, artifact.digest),
        "the decision's artifact": (decision.challenger_digest, artifact.digest),
    }
    return [f"{what} is {is_!s:.12}, its own is {own!s:.12}" for what, (is_, own) in pairs.items() if is_ != own]


def _folder(receipt: object) -> str:
    return str(getattr(receipt, "run", "") or getattr(receipt, "folder", ""))


def as_lines(runs: Sequence[Ended]) -> list[str]:
    """Each run as JSON."""
    keys = ("retraining", "overrides", "code", "seconds", "computed", "waited_for")
    return [json.dumps({key: getattr(run, key) for key in keys}) for run in runs]
