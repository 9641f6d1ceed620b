"""Test the judge like a model: every module of evaluation/audit gives its tables.

    python -m evaluation.judge_audit runs/<id>

In: what is audited (inputs.json, see evaluation.what_is_audited). Out: the receipt JudgeAudit. A new file in
evaluation/audit with a function `tables(audited) -> list[AuditTable]` is in the next audit; nothing else lists it.
"""

import sys
from pathlib import Path

from evaluation.contracts import AuditTable, JudgeAudit
from evaluation.what_is_audited import Audited
from foundation.by_name import choices, load_choice
from foundation.progress import report_progress
from foundation.run_folder import RunFolder

AUDITS = "evaluation.audit"


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
