"""The audit's modules run at once, leave their tables as they end, and one that was interrupted goes on."""

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from evaluation import judge_audit
from evaluation.contracts import EvaluationReport
from evaluation.exam.open_and_sealed import open_exam
from evaluation.judge_audit import Audited, audit_judge
from foundation.run_folder import RunFolder
from model.contracts import TrainingSet
from orchestration.configuration.load_config import load_config
from tests.receipts import artifact_receipt, samples_receipt

MODULE = """
from pathlib import Path
from evaluation.contracts import AuditTable

def tables(audited):
    if not Path("{ready}").exists():
        raise ValueError("{name} was interrupted")
    with Path("{log}").open("a") as log:
        log.write("{name}\\n")
    return [AuditTable(title="{name}", note=str(audited.gates), columns=["a"], rows=[["1"]])]
"""
AUDITS = ("apples", "bananas", "cherries")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """The request of an audit; no module of these tests looks at the model."""
    config = load_config([])
    artifact = artifact_receipt(tmp_path, "a")
    report = EvaluationReport(
        artifact_digest="a", exam_digest="e", clips={}, metrics={}, report_html="", contact_sheet="", folder=""
    )
    training_set = TrainingSet(
        train=(), held_out=(), train_digest="t", held_out_digest="h", digest="d", overlap_allowed=False
    )
    audited = Audited(
        gate=config.gate,
        evaluation=config.evaluation,
        artifact=artifact,
        training_set=training_set,
        samples=samples_receipt(open_exam(config.evaluation), "a", "s"),
        report=report,
        gates=7,
        seed=0,
    )
    folder = RunFolder(tmp_path / "runs" / "audit")
    folder.write_request({}, {"audited": audited.model_dump(mode="json")})
    return folder


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """A package of audits in the place of evaluation.audit: the one in the middle waits for a file."""
    package = tmp_path / "audits_of_a_test"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in AUDITS:
        ready = package / "ready" if name == "bananas" else package
        text = MODULE.format(name=name, ready=ready, log=package / "log")
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(judge_audit, "AUDITS", package.name)
    yield package
    for name in [name for name in sys.modules if name.startswith(package.name)]:
        del sys.modules[name]


def test_an_interrupted_audit_goes_on_with_what_is_missing(run: RunFolder, modules: Path) -> None:
    with pytest.raises(ValueError, match="bananas was interrupted"):
        audit_judge(run)
    (modules / "ready").touch()
    audit = audit_judge(run)
    assert [table.title for table in audit.tables] == list(AUDITS)
    assert {table.note for table in audit.tables} == {"7"}
    assert sorted((modules / "log").read_text(encoding="utf-8").split()) == list(AUDITS)  # each once
