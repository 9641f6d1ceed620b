"""From the evaluation report to the champion: register, judge on the same exam, promote or refuse."""

from pathlib import Path
from typing import Any

from evaluation.contracts import Decision, EvaluationReport, Reason
from evaluation.exam.open_and_sealed import sealed_exam
from evaluation.promotion_gate import decide, floor_reasons
from evaluation.report.page import render_page
from foundation.child_process import OnLine, follow
from foundation.fingerprint import fingerprint
from foundation.state_file import read_state
from model.contracts import RgbArtifact, TrainingSet
from orchestration.registry.contracts import RegisteredCandidate
from orchestration.registry.entries import Evidence
from orchestration.registry.models import ModelRegistry
from orchestration.registry.registration import register
from orchestration.registry.reigns import Reigns
from orchestration.registry.succession import Succession, gate_draft, why
from orchestration.steps import parents
from orchestration.steps.model_steps import evaluated
from orchestration.steps.run_step import assert_left, held_run, run_of
from orchestration.steps.step import StepContext, StepResult


def registered_candidate(step: StepContext, artifact: RgbArtifact, report: EvaluationReport) -> StepResult:
    """Put the artifact into the registry as `challenger`.

    Raises:
        ValueError: the artifact or the report is not what its run left, or they do not belong together.
    """
    assert_left(artifact)
    assert_left(report)
    assert_trained_as_its_receipt_says(artifact)
    models = ModelRegistry(step.config.tracking, step.config.approval)
    reused = models.is_registered(artifact)
    candidate = register(models, artifact, report)
    if step.retraining is not None and not reused:
        for name, value in step.retraining.tags().items():
            models.client.set_tag(candidate.mlflow_run_id, name, value)
    return StepResult(candidate, reused)


def promotion_decision(step: StepContext, candidate: RegisteredCandidate, training_set: TrainingSet) -> StepResult:
    """Hold the candidate against the rules, and against the champion on the sealed exam, measured now for both.

    Raises:
        ValueError: the candidate learnt from another set, or a report is not what was written when it was made.
    """
    parents.fit_to_sample(candidate.artifact, training_set)
    succession = Succession(step.config.tracking, step.config.approval)
    release = succession.champion_release()
    settled = _settled(succession.look(), candidate)
    if settled is not None:
        return StepResult(settled, reused=True)
    assert_left(candidate.report)
    sealed, champion = _sealed_reports(step, candidate, release and release[0], training_set)
    decision = decide(candidate.report, sealed, champion, step.config.gate)
    _write_verdict(step, candidate.report, (sealed or candidate.report, champion), decision)
    return StepResult(decision, reused=decision == step.previous)


def champion(step: StepContext, decision: Decision, candidate: RegisteredCandidate) -> StepResult:
    """Promote what passed, after its bytes and its proof were verified once more; write down what was refused or waits.

    Raises:
        ValueError: the decision is about another candidate, exam or champion, or the registered bytes are not the
            exported ones.
    """
    _assert_about(decision, candidate)
    succession, automatic = Succession(step.config.tracking, step.config.approval), step.config.gate.automatic
    seen = succession.follow()
    waiting = f"version {candidate.version} passed and waits: `graspline approve {candidate.version} --reason WHY`"
    message = waiting if decision.passed and not automatic else why(decision)
    if is_recorded(seen, candidate, decision, automatic):
        return StepResult(succession.champion(changed=False, message=message), reused=True)
    if decision.passed:
        _assert_against(decision, seen)
        verify_release(succession, candidate.version, candidate.artifact.digest, step.log)
    evidence = Evidence(
        report=Path(succession.models.receipts_of(candidate.version)).stem,
        exam=decision.exam_digest,
        sealed_exam=decision.sealed_exam_digest,
        gate=fingerprint(step.config.gate),
        configuration=fingerprint(step.config),
    )
    entry = succession.decide(gate_draft(seen, candidate, decision, evidence, automatic), seen)
    return StepResult(succession.champion(changed=entry.changes, message=message), reused=False)


def is_recorded(seen: Reigns, candidate: RegisteredCandidate, decision: Decision, automatic: bool) -> bool:
    """Whether the ledger holds this decision already: it is champion, refused once more, or waits already."""
    digest = candidate.artifact.digest
    newest = seen.newest_on(digest)
    if seen.champion and seen.champion[0] == digest:
        return True
    if newest is None:
        return False
    if not decision.passed:
        return newest.action == "refuse"
    return not automatic and newest.action == "pass" and seen.is_of_today(newest)


def verify_release(succession: Succession, version: str, digest: str, log: OnLine) -> None:
    """Check registered bytes, hashes and keys; run the RGB-only proof again where stage two's weights still are.

    Args:
        succession: of the registered model.
        version: which one.
        digest: of the artifact, as it was judged or decided on.
        log: where the checks are told.

    Raises:
        ValueError: they are not what was exported; names the file.
    """
    succession.models.assert_intact(version, digest)
    artifact, _ = succession.models.release(version)
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


def _settled(seen: Reigns, candidate: RegisteredCandidate) -> Decision | None:
    """The decision that needs no gate: this very model is champion already, or a person ruled it out."""
    digest = candidate.artifact.digest
    ruling = seen.ruled_out(digest)
    if seen.champion and seen.champion[0] == digest:
        reason = Reason(rule="same model", passed=True, message=f"version {seen.champion[1]} is champion already")
    elif ruling is not None:
        message = (
            f"a person decided against version {candidate.version} ({ruling.told()}: {ruling.reason}), which stands: "
            f"`graspline promote {candidate.version} --despite-gate --reason WHY` brings it back"
        )
        reason = Reason(rule="a person's decision", passed=False, message=message)
    else:
        return None
    return Decision(
        passed=reason.passed,
        reasons=[reason],
        challenger_digest=digest,
        champion_digest=seen.champion and seen.champion[0],
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
    if run is None:
        return
    with held_run(step, run):  # a run at the same time may have judged the same candidate
        run.rewrite(page.name, render_page(page, own, champion, decision, step.config.gate))


def _assert_about(decision: Decision, candidate: RegisteredCandidate) -> None:
    judged = (decision.challenger_digest, decision.exam_digest)
    if judged != (candidate.artifact.digest, candidate.report.exam_digest):
        raise ValueError(
            f"the newest promotion decision is not about version {candidate.version} on its exam: materialise "
            "promotion_decision again, then champion"
        )


def _assert_against(decision: Decision, seen: Reigns) -> None:
    reigning = seen.champion and seen.champion[0]
    if decision.champion_digest != reigning:
        by = f", by the {seen.reign.told()}" if seen.reign else ""
        raise ValueError(
            f"the champion changed meanwhile{by}: materialise promotion_decision again (`graspline run`), which "
            "compares with the one of now"
        )
