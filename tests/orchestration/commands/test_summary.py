"""What a person reads at the end of a run and on `graspline status`."""

import io
from collections.abc import Callable

import pytest
from pydantic import BaseModel
from rich.console import Console

from evaluation.contracts import Decision, EvaluationReport, GateConfig, GateRule, Reason
from model.contracts import EncodedBatch, Encoders, RgbArtifact, TrackingConfig, TrainingSet
from orchestration.commands import summary
from orchestration.commands.summary import caption, clock, print_status, print_summary
from orchestration.configuration.load_config import load_config
from orchestration.registry.contracts import Champion
from orchestration.registry.entries import Evidence
from orchestration.registry.registration import register
from orchestration.registry.succession import Succession, gate_draft
from orchestration.steps.display import LiveDisplay, PlainDisplay, Timings, label
from orchestration.steps.receipts import Receipts
from tests.receipts import stage_receipt

GATE = GateConfig(rules=[GateRule(metric="psnr_db", floor=10)], improvements=[])


@pytest.fixture
def page() -> Console:
    return Console(file=io.StringIO(), width=160)


def text(page: Console) -> str:
    assert isinstance(page.file, io.StringIO)
    return page.file.getvalue()


def keep(**made: BaseModel) -> Receipts:
    """The receipts of one run, under a gate with one rule."""
    receipts = Receipts(load_config().model_copy(update={"gate": GATE}), "one run")
    for asset, receipt in made.items():
        receipts.write(receipt, asset)
    return receipts


def timings(*reused: bool) -> Timings:
    found = Timings()
    found.rows = [("evaluation_report", None, 75.0, again) for again in reused]
    return found


def judged(report: EvaluationReport, passed: bool, reigns: str | None, changed: bool) -> dict[str, BaseModel]:
    """The last receipts of a line whose candidate has the report; `reigns`: the champion's digest."""
    message = "the champion's hands [bold] are better" if not passed else "good [enough]"
    return {
        "evaluation_report": report,
        "promotion_decision": Decision(
            passed=passed,
            reasons=[Reason(rule="psnr_db", passed=passed, message=message)],
            challenger_digest=report.artifact_digest,
            champion_digest=None,
            exam_digest=report.exam_digest,
        ),
        "champion": Champion(
            version="1" if reigns else None,
            artifact_digest=reigns,
            folder=None,
            changed=changed,
            message="version 2 waits",
        ),
    }


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        ((True, "candidate", True), "promoted: champion is version 1"),
        ((True, "candidate", False), "nothing to promote: champion is version 1"),
        ((False, "another", False), "not promoted: champion is version 1"),
        ((False, None, False), "not promoted: there is no champion yet"),
        ((True, "another", False), "not promoted: champion is version 1\nversion 2 waits"),
    ],
)
def test_the_verdict(
    page: Console,
    make_artifact: Callable[[str], RgbArtifact],
    make_report: Callable[..., EvaluationReport],
    outcome: tuple[bool, str | None, bool],
    verdict: str,
) -> None:
    passed, reigns, changed = outcome
    report = make_report(make_artifact("w"))
    digest = report.artifact_digest if reigns == "candidate" else reigns
    print_summary(page, timings(False), keep(**judged(report, passed, digest, changed)))
    shown = text(page)
    assert verdict in shown
    assert ("hands [bold] are better" if not passed else "good [enough]") in shown, "brackets are text"
    assert "1 min 15 s" in shown
    assert "20.0" in shown
    assert "≥ 10" in shown
    assert report.report_html in shown
    assert "Nothing to do" not in shown


def test_nothing_to_do_is_said(
    page: Console, make_artifact: Callable[[str], RgbArtifact], make_report: Callable[..., EvaluationReport]
) -> None:
    report = make_report(make_artifact("w"))
    print_summary(page, timings(True, True), keep(**judged(report, True, report.artifact_digest, False)))
    assert "Nothing to do: every step found its inputs unchanged" in text(page)
    assert "unchanged" in text(page)


def test_status(
    page: Console,
    tracking: TrackingConfig,
    monkeypatch: pytest.MonkeyPatch,
    make_artifact: Callable[[str], RgbArtifact],
    make_report: Callable[..., EvaluationReport],
) -> None:
    here = load_config().model_copy(update={"tracking": tracking})
    monkeypatch.setattr(summary, "load_sections", lambda _overrides: here)  # the test's own registry
    print_status(page)
    assert "No model was judged yet: `graspline run` makes one." in text(page)
    succession = Succession(tracking)
    artifact = make_artifact("w")
    candidate = register(succession.models, artifact, make_report(artifact))
    reason = Reason(rule="psnr_db", passed=True, message="shown [to] Ada")
    decision = Decision(
        passed=True, reasons=[reason], challenger_digest=artifact.digest, champion_digest=None, exam_digest="e"
    )
    for automatic in (False, True):
        seen = succession.look()
        succession.decide(gate_draft(seen, candidate, decision, Evidence(), automatic), seen)
        print_status(page)
    waiting, shown = text(page).split("champion           version 1")
    assert "waits: version 1 passed" in waiting
    assert "graspline approve 1 --reason WHY" in waiting
    assert "waits" not in shown
    assert "shown [to] Ada" in shown
    assert "20.0" in shown


def test_captions() -> None:
    batch = EncodedBatch(batch="a", folder="f", clips=3, digest="d", prepared_digest="p", encoders_digest="e")
    sets = TrainingSet(
        train=(batch, batch),
        held_out=(batch,),
        train_digest="t",
        held_out_digest="h",
        digest="d",
        overlap_allowed=False,
    )
    stage = stage_receipt(run="runs/stage_one-1", steps=50, final_losses={"total": 0.12345})
    assert caption(batch) == "3 clips"
    assert caption(sets) == "6 clips to train on, 3 held out"
    assert caption(stage) == "50 steps, loss 0.123, runs/stage_one-1"
    assert caption(Encoders(folder="f", digest="d", captions={"a": "linear", "b": "log mel"})) == "linear; log mel"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (60, "1 min 00 s"), (605, "10 min 05 s")]
)
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_a_log_gets_a_line_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainDisplay() as display:
        display.begin("raw_batch", "march")
        display.log("progress 1/2 clips")
        display.end(reused=True)
        display.begin("stage_one", None)
        display.end(reused=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["raw", "batch", "(march)", "unchanged"]
    assert lines[1].startswith("stage one  ")
    assert [row[:2] for row in display.timings.rows] == [("raw_batch", "march"), ("stage_one", None)]


def test_a_terminal_gets_a_bar_a_step() -> None:
    page = Console(file=io.StringIO(), width=160, force_terminal=True)
    with LiveDisplay(page) as display:
        display.begin("stage_one", None)
        display.log("some library says hello")
        display.log("progress 12/50 steps, loss 0.5")
        display.end(reused=False)
        display.begin("raw_batch", "march")
        display.end(reused=True)
    shown = text(page)
    assert label("raw_batch", "march") in shown
    assert "unchanged" in shown
    assert len(display.timings.rows) == 2
