"""One process that takes in one odd delivery after another, as `graspline data prepare` and the sensor would.

    python -m orchestration.commands.torture.worker FOLDER SEED NUMBER...

It writes what came of each case into FOLDER/verdicts.jsonl. Whoever started it ends it where it hangs, and reads
FOLDER/worker.log where it dies of an exception that nobody turned into a message.
"""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from data.contracts import PreparedBatch, RawBatch
from foundation.by_name import choices, load_choice
from foundation.home import ROOT
from foundation.json_lines import append_line, as_json, read_json_lines
from orchestration.commands.torture import kinds, scratch
from orchestration.commands.torture.case import Case
from orchestration.configuration.load_config import PipelineConfig, load_config
from orchestration.steps.data_steps import prepared_batch, raw_batch
from orchestration.steps.step import StepContext

OVERRIDES = (
    "experiment=smoke",
    "data.train_on_arrivals=true",
    "data.preparation_processes=1",
    "data.batches.smoke_train.clips=3",
    "data.batches.smoke_train.seed=5",  # the clips are s5_0000 ... (case.clip_id)
)
# an exception of ours speaks plainly; any other that reaches a person is a crash
FOREIGN = re.compile(r"Traceback \(most recent|\b(?!ValueError|ClipError|ChildFailedError)\w+(Error|Exception)\b: ")
CLIPS = 3
LOG, VERDICTS = "worker.log", "verdicts.jsonl"


@dataclass(frozen=True)
class Verdict:
    """What came of one case."""

    number: int
    kind: str
    story: str
    outcome: str  # taken, partly, refused, crashed, hung
    message: str  # the refusal, or why clips were set aside
    wrong: str | None  # why that is not right; None: it is


def case_of(seed: int, number: int) -> tuple[str, Case]:
    """The case of that number: kinds take turns, so that a few cases hold each of them."""
    names = choices(kinds.__name__)
    kind = names[number % len(names)]
    case: Case = load_choice(kinds.__name__, kind).draw(Random(f"{seed}-{number}"), number // len(names))
    return kind, case


def read_verdicts(folder: Path) -> list[Verdict]:
    """What the worker that runs in this folder has written so far."""
    file = folder / VERDICTS
    return [Verdict(**verdict) for _, verdict in read_json_lines(file, appended=True)] if file.exists() else []


def work(folder: Path, seed: int, numbers: Sequence[int]) -> None:
    """Take in these cases, one after another; this process's output becomes the log."""
    with (folder / LOG).open("w", encoding="utf-8") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    verdicts = folder.resolve() / VERDICTS
    verdicts.unlink(missing_ok=True)
    os.chdir(folder / "project")
    os.environ["PYTHONPATH"] = str(ROOT)
    config = load_config(OVERRIDES)
    for number in numbers:
        append_line(verdicts, as_json(asdict(judge(number, *case_of(seed, number), config))))


def judge(number: int, kind: str, case: Case, config: PipelineConfig) -> Verdict:
    """Throw one delivery at the empty project and hold what came of it against what must come."""
    scratch.empty_project()
    before = scratch.outside_digest()
    name = case.folder if case.folder is not None else f"case-{number}"
    delivery = scratch.RAW / name
    shutil.copytree("../../base", delivery)
    case.change(delivery)
    try:
        outcome, message, wrong = _outcome(case, _take_in(config, name))
    except (ValueError, RuntimeError) as error:
        outcome, message, wrong = _refusal(case, str(error))
    came_in = scratch.what_came_in()
    if scratch.outside_digest() != before:
        came_in.append("something outside the project was changed")
    return Verdict(number, kind, case.story, outcome, message, "; ".join(came_in) or wrong)


def _take_in(config: PipelineConfig, name: str) -> PreparedBatch:
    """The first two assets of a batch. ValueError, RuntimeError: it is refused."""
    step = StepContext(config, _ignore, name)
    raw = raw_batch(step).receipt
    assert isinstance(raw, RawBatch)
    prepared = prepared_batch(step, raw).receipt
    assert isinstance(prepared, PreparedBatch)
    return prepared


def _outcome(case: Case, batch: PreparedBatch) -> tuple[str, str, str | None]:
    """Of a delivery that came in whole, or without the clips that cannot be used."""
    if not batch.valid:
        return _refusal(case, "; ".join(batch.failures))
    wrong = case.check(Path(batch.folder)) if case.check else None
    reasons = "; ".join(fault for faults in batch.set_aside.values() for fault in faults)
    if batch.clips == CLIPS:
        return "taken", "", wrong or ("it must stay out" if case.expected == "refused" else None)
    return "partly", reasons, wrong or _refusal(case, reasons)[2]


def _refusal(case: Case, message: str) -> tuple[str, str, str | None]:
    if case.expected == "taken":
        return "refused", message, "it is a good delivery"
    if FOREIGN.search(message):
        return "crashed", message, "the message is a program's, not for a person"
    if case.names and not any(name in message for name in case.names if name):
        return "refused", message, f"the message names none of {', '.join(case.names)}"
    return "refused", message, None


def _ignore(_line: str) -> None:
    """Nobody looks at the output of a case."""


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]), [int(number) for number in sys.argv[3:]])
