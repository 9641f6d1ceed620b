"""Test the judge like a model: every module of evaluation/audit gives its tables.

    python -m evaluation.judge_audit runs/<id>

In: what is audited (inputs.json). Out: the receipt JudgeAudit. A new file in
evaluation/audit with a function `tables(audited) -> list[AuditTable]` is in the next audit; nothing else lists it.

An audit takes the better part of an hour: its modules run at once, one a core, and leave their tables as they end, so
an audit that was interrupted goes on with those that are missing.
"""

import os
import sys
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from evaluation.contracts import (
    AuditTable,
    EvaluationConfig,
    EvaluationReport,
    GateConfig,
    GeneratedSamples,
    JudgeAudit,
)
from foundation.bounds import Count, Seed
from foundation.by_name import choices, load_choice
from foundation.failures import ClipError
from foundation.map_items import Spread, map_items
from foundation.progress import report_progress
from foundation.run_folder import RunFolder
from foundation.whole_file import write_whole
from model.contracts import RgbArtifact, TrainingSet

AUDITS = "evaluation.audit"
TABLES = TypeAdapter(list[AuditTable])


class Audited(BaseModel, frozen=True, extra="forbid"):
    """The judge as configured, and a real model to plant effects into."""

    gate: GateConfig
    evaluation: EvaluationConfig  # the exam as promotions hold it
    artifact: RgbArtifact
    training_set: TrainingSet
    samples: GeneratedSamples  # of the open exam, with more seeds a clip than a promotion has
    report: EvaluationReport  # on them
    gates: Count  # how many are held for each rate
    seed: Seed  # of what is drawn


def audit_judge(run: RunFolder) -> JudgeAudit:
    """Every table of every audit there is.

    Raises:
        ValueError: the model that is given cannot be audited with, and why.
    """
    audited, names = run.input("audited", Audited), choices(AUDITS)
    missing = [(name, run.path, audited) for name in names if not _file(run.path, name).exists()]
    report_progress(len(names) - len(missing), len(names), "audits of the judge")
    at_once = Spread(processes=len(os.sched_getaffinity(0)))
    for done, ended in enumerate(map_items(_audit, missing, at_once), len(names) - len(missing) + 1):
        if isinstance(ended, ClipError):
            raise ended
        report_progress(done, len(names), f"audits of the judge: {ended}")
    tables = [table for name in names for table in TABLES.validate_json(_file(run.path, name).read_bytes())]
    return JudgeAudit(tables=tables, folder=str(run.path))


def _audit(job: tuple[str, Path, Audited]) -> str:
    """One module's tables into their file; the module's name."""
    name, folder, audited = job
    write_whole(_file(folder, name), TABLES.dump_json(load_choice(AUDITS, name).tables(audited), indent=1).decode())
    return name


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"


def as_markdown(tables: list[AuditTable]) -> str:
    """The tables for a page of the documentation."""
    return "\n\n".join(map(_one, tables)) + "\n"


def _one(table: AuditTable) -> str:
    lines = [table.columns, ["---"] * len(table.columns), *table.rows]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"## {table.title}\n\n{table.note}.\n\n{body}"


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(audit_judge(run).model_dump())


if __name__ == "__main__":
    main()
