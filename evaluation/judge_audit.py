"""Test the judge like a model: every module of evaluation/audit gives its tables.

    python -m evaluation.judge_audit runs/<id>

In: what is audited (inputs.json). Out: the receipt JudgeAudit. A new file in
evaluation/audit with a function `tables(audited) -> list[AuditTable]` is in the next audit; nothing else lists it.
"""

import sys
from pathlib import Path

from pydantic import BaseModel

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
from foundation.progress import report_progress
from foundation.run_folder import RunFolder
from model.contracts import RgbArtifact, TrainingSet

AUDITS = "evaluation.audit"


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
    tables: list[AuditTable] = []
    for done, name in enumerate(names):
        report_progress(done, len(names), f"audits of the judge: {name}")
        tables += load_choice(AUDITS, name).tables(audited)
    report_progress(len(names), len(names), "audits of the judge")
    return JudgeAudit(tables=tables, folder=str(run.path))


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
