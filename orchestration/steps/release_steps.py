"""From the evaluation report to the champion: register, judge on the same exam, promote or refuse."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluation.contracts import Decision, EvaluationReport, Reason
from evaluation.exam.open_and_sealed import sealed_exam
from evaluation.promotion_gate import decide, floor_reasons
from evaluation.report.page import render_page
from foundation.child_process import OnLine, follow
from foundation.state_file import read_state
from model.contracts import RgbArtifact, TrainingSet
from orchestration.configuration.load_config import load_sections
from orchestration.registry.contracts import RegisteredCandidate
from orchestration.registry.ledger import Entry
from orchestration.registry.models import ModelRegistry
from orchestration.registry.succession import Succession
from orchestration.steps import parents
from orchestration.steps.model_steps import evaluated
from orchestration.steps.run_step import assert_left, run_of
from orchestration.steps.step import StepContext, StepResult


def registered_candidate(step: StepContext, artifact: RgbArtifact, report: EvaluationReport) -> StepResult:
    """Put the artifact into the registry as `challenger`.

    Raises:
        ValueError: the artifact or the report is not what its run left, or they do not belong together.
    """
    assert_left(artifact)
    assert_left(report)
    assert_trained_as_its_receipt_says(artifact)
    models = ModelRegistry(step.config.tracking)
    reused = models.is_registered(artifact)
    return StepResult(models.register(artifact, report), reused)


def promotion_decision(step: StepContext, candidate: RegisteredCandidate, training_set: TrainingSet) -> StepResult:
    """Hold the candidate against the rules, and against the champion on the sealed exam, measured now for both.

    Raises:
        ValueError: the candidate learnt from another set, or a report is not what was written when it was made.
    """
    parents.fit_to_sample(candidate.artifact, training_set)
    succession = Succession(step.config.tracking)
    release = succession.champion_release()
    settled = _settled(succession, candidate)
    if settled is not None:
        return StepResult(settled, reused=True)
    assert_left(candidate.report)
    sealed, champion = _sealed_reports(step, candidate, release and release[0], training_set)
    decision = decide(candidate.report, sealed, champion, step.config.gate)
    _write_verdict(step, candidate.report, (sealed or candidate.report, champion), decision)
    return StepResult(decision, reused=decision == step.previous)


def champion(step: StepContext, decision: Decision, candidate: RegisteredCandidate) -> StepResult:
    """Promote what passed, after its bytes and its proof were verified once more; write down what was refused.

    Raises:
        ValueError: the decision is about another candidate or exam, or the registered bytes are not the exported ones.
    """
    _assert_about(decision, candidate)
    succession, reason = Succession(step.config.tracking), _reason(decision)
    succession.follow_ledger()
    if succession.is_recorded(candidate, decision):
        return StepResult(succession.champion(changed=False, message=reason), reused=True)
    if decision.passed and not step.config.gate.automatic:
        waiting = f"version {candidate.version} passed and waits: `graspline promote {candidate.version}`"
        receipt = succession.champion(changed=False, message=waiting)
        return StepResult(receipt, reused=receipt == step.previous)
    if decision.passed:
        verify_release(succession.models, candidate.version, step.log)
    succession.record(candidate, decision, reason)
    return StepResult(succession.champion(changed=decision.passed, message=reason), reused=False)


def verify_release(models: ModelRegistry, version: str, log: OnLine) -> None:
    """Check registered bytes, hashes and keys; run the RGB-only proof again where stage two's weights still are.

    Raises:
        ValueError: they are not what was exported.
    """
    models.assert_intact(version)
    artifact, _ = models.release(version)
    assert_trained_as_its_receipt_says(artifact)
    command = ["-m", "model.artifact.verify", artifact.folder]
    if Path(artifact.stage_two_weights).exists():
        command += ["--weights", artifact.stage_two_weights]
    else:
        log(f"{artifact.stage_two_weights} is gone: the proof made at export stands, it is not run again")
    code, last = follow(command, log)
    if code != 0:
        raise ValueError(f"version {version} is not what was exported, it is not promoted: {last}")


def assert_trained_as_its_receipt_says(artifact: RgbArtifact) -> None:
    """Hold the artifact's own manifest against its receipt: both carry how it was trained.

    Raises:
        ValueError: they differ, so one of them is of another model.
    """
    manifest = read_state(Path(artifact.folder) / "manifest.json", dict[str, Any], "export it again")
    if manifest.get("training") != artifact.model_dump(mode="json")["training"]:
        raise ValueError(f"{artifact.folder} was trained in another way than its receipt says: export it again")


def promote_by_hand(version: str, reason: str, overrides: Sequence[str] = ()) -> Entry:
    """Make a registered version champion because a person says so.

    Raises:
        ValueError: no such version, it is champion already, or its bytes are not what was exported.
    """
    succession = Succession(load_sections(overrides).tracking)
    number = succession.models.version_named(version)
    verify_release(succession.models, number, print)
    return succession.promote(number, reason)


def roll_back(reason: str, overrides: Sequence[str] = ()) -> Entry:
    """Make the champion before this one champion again, after its bytes were verified.

    Raises:
        ValueError: there is nobody to go back to, or its bytes are not what was exported.
    """
    succession = Succession(load_sections(overrides).tracking)
    verify_release(succession.models, succession.version_to_restore(), print)
    return succession.rollback(reason)


def _settled(succession: Succession, candidate: RegisteredCandidate) -> Decision | None:
    """The decision that needs no gate: this very model is champion already, or was rolled back by a person."""
    now, digest = succession.ledger.champion(), candidate.artifact.digest
    if now is not None and now.champion == digest:
        reason = Reason(rule="same model", passed=True, message=f"version {now.champion_version} is champion already")
    elif succession.ledger.was_rolled_back(digest):
        message = f"version {candidate.version} was rolled back by a person: promote it by hand to bring it back"
        reason = Reason(rule="rolled back", passed=False, message=message)
    else:
        return None
    return Decision(
        passed=reason.passed,
        reasons=[reason],
        challenger_digest=digest,
        champion_digest=now.champion if now else None,
        exam_digest=candidate.report.exam_digest,
    )


def _sealed_reports(
    step: StepContext, candidate: RegisteredCandidate, champion: RgbArtifact | None, training_set: TrainingSet
) -> tuple[EvaluationReport | None, EvaluationReport | None]:
    """The candidate's and the champion's report on the sealed exam; none where the open exam refuses already."""
    if not all(reason.passed for reason in floor_reasons(candidate.report, step.config.gate)):
        return None, None
    exam = sealed_exam(step.config.evaluation, candidate.artifact.digest)
    step.log("the candidate is evaluated on the sealed exam")
    _, own = evaluated(step, candidate.artifact, training_set, exam)
    if champion is None:
        return own, None
    step.log("the champion is evaluated on the same sealed exam")
    return own, evaluated(step, champion, training_set, exam, examiner=candidate.artifact)[1]


def _write_verdict(
    step: StepContext,
    report: EvaluationReport,
    exam: tuple[EvaluationReport, EvaluationReport | None],
    decision: Decision,
) -> None:
    """The candidate's page once more: the decision, and the exam that it fell on, with the champion beside it."""
    own, champion = exam
    run, page = run_of(report), Path(report.report_html)
    if run is not None:
        run.rewrite(page.name, render_page(page, own, champion, decision, step.config.gate))


def _assert_about(decision: Decision, candidate: RegisteredCandidate) -> None:
    judged = (decision.challenger_digest, decision.exam_digest)
    if judged != (candidate.artifact.digest, candidate.report.exam_digest):
        raise ValueError(
            f"the newest promotion decision is not about version {candidate.version} on its exam: materialise "
            "promotion_decision again, then champion"
        )


def _reason(decision: Decision) -> str:
    """Why: all rules of a model that passed, else the rules that refuse it."""
    return "; ".join(reason.message for reason in decision.reasons if decision.passed or not reason.passed)
