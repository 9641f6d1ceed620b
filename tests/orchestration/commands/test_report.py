"""`graspline report` on a registry of its own: a judged version's page, found, packed, and refused once changed."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from evaluation.catalogue import measured
from evaluation.contracts import Decision, EvaluationReport, Reason
from evaluation.report.page import render_page
from foundation.digests import text_sha256
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.commands.report import show_report
from orchestration.registry.models import ModelRegistry
from orchestration.registry.registration import register
from tests.numbered_videos import numbered_report
from tests.orchestration.conftest import left

Show = Callable[..., str]


@pytest.fixture
def report(tracking: TrackingConfig, make_artifact: Callable[[str], RgbArtifact]) -> EvaluationReport:
    """Of version 1, registered and then judged, as the line does it."""
    artifact = make_artifact("a")
    folder = Path(f"runs/evaluation-{text_sha256('report')[:10]}")
    report = numbered_report(folder, {"psnr_db": measured("psnr_db", {"clip_0": 20.0})}, frames=9)
    report = report.model_copy(update={"artifact_digest": artifact.digest})
    page = Path(report.report_html)
    page.write_text(render_page(page, report), encoding="utf-8")
    register(ModelRegistry(tracking), artifact, left(report))
    decision = Decision(
        passed=False,
        reasons=[Reason(rule="psnr_db floor", passed=False, message="psnr_db is 20 dB, 30 is required")],
        challenger_digest=artifact.digest,
        champion_digest=None,
        exam_digest=report.exam_digest,
    )
    page.write_text(render_page(page, report, None, decision), encoding="utf-8")
    return left(report)


@pytest.fixture
def show(tracking: TrackingConfig) -> Show:
    """What the command says."""

    def said(version: str, file: Path | None = None) -> str:
        console = Console(file=io.StringIO(), width=60)
        overrides = [f"tracking.uri={tracking.uri}", f"tracking.registered_model={tracking.registered_model}"]
        show_report(console, version, file, overrides)
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    return said


def test_the_page_of_a_version_is_named_and_packed_with_its_verdict(report: EvaluationReport, show: Show) -> None:
    assert show("challenger") == f"page of version 1: {Path(report.report_html).resolve()}\n"
    file = Path("sent/page.zip")
    assert re.fullmatch(r"wrote sent/page\.zip: 1 file, \d+\.\d MB\n", show("1", file)), "small videos lie in the page"
    with zipfile.ZipFile(file) as archive:
        page = archive.read("report.html").decode()
    assert page == Path(report.report_html).read_text(encoding="utf-8")
    assert "Refused: the champion stays" in page
    assert "Likeness to the true frames (PSNR) is 20 dB, 30 is required" in page


def test_a_version_that_is_not_there_is_named_with_those_that_are(report: EvaluationReport, show: Show) -> None:
    with pytest.raises(ValueError, match="the registry has no 7: versions 1"):
        show("7")
    with pytest.raises(ValueError, match="the registry has no champion: versions 1"):
        show("champion", Path("never.zip"))
    assert not Path("never.zip").exists()


def test_a_page_that_was_changed_is_not_sent(report: EvaluationReport, show: Show) -> None:
    page = Path(report.report_html)
    page.write_text(page.read_text(encoding="utf-8").replace("Refused", "Passed"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"report\.html changed after the run was finished"):
        show("1", Path("never.zip"))
    assert not Path("never.zip").exists()
