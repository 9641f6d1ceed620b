"""From the evaluation report to the champion: register, judge on the same exam, promote or refuse."""

from pathlib import Path

from evaluation.contracts import Decision, EvaluationReport, GeneratedSamples, Reason
from evaluation.promotion_gate import decide
from evaluation.report.page import write_page
from foundation.child_process import OnLine, follow
from model.contracts import RgbArtifact, TrainingSet
from orchestration.load_config import load_config
from orchestration.registry.ledger import Entry
from orchestration.registry.release import RegisteredCandidate, Registry
from orchestration.steps.model_steps import evaluation_report, generated_samples
from orchestration.steps.work import Made, Work


def registered_candidate(work: Work, artifact: RgbArtifact, report: EvaluationReport) -> Made:
    """Put the artifact into the registry as `challenger`."""
    registry = Registry(work.config.tracking)
    reused = registry.knows(artifact)
    return Made(registry.register(artifact, report), reused)


def promotion_decision(work: Work, candidate: RegisteredCandidate, training_set: TrainingSet) -> Made:
    """Hold the candidate's report against the rules and against the champion's report on the same exam."""
    registry = Registry(work.config.tracking)
    release = registry.champion_release()
    settled = _settled(registry, candidate)
    if settled is not None:
        return Made(settled, reused=True)
    champion = _champion_report(work, candidate, release, training_set) if release else None
    decision = decide(candidate.report, champion, work.config.gate)
    _print_verdict(work, candidate, champion, decision)
    return Made(decision, reused=None)


def champion(work: Work, decision: Decision, candidate: RegisteredCandidate) -> Made:
    """Promote what passed, after its bytes and its proof were verified once more; write down what was refused."""
    registry = Registry(work.config.tracking)
    registry.follow_ledger()
    if registry.is_settled(candidate, decision):
        return Made(registry.reigning(changed=False, says=_says(decision)), reused=True)
    if decision.passed and not work.config.gate.automatic:
        waiting = f"version {candidate.version} passed and waits: `graspline promote {candidate.version}`"
        return Made(registry.reigning(changed=False, says=waiting), reused=None)
    if decision.passed:
        verify_release(registry, candidate.version, work.say)
    registry.settle(candidate, decision, _says(decision))
    return Made(registry.reigning(changed=decision.passed, says=_says(decision)), reused=False)


def verify_release(registry: Registry, version: str, say: OnLine) -> None:
    """Check registered bytes, hashes and keys; run the RGB-only proof again where stage two's weights still are.

    Raises:
        ValueError: they are not what was exported.
    """
    registry.assert_intact(version)
    artifact, _ = registry.release(version)
    command = ["-m", "model.artifact.verify", artifact.folder]
    if Path(artifact.stage_two_weights).exists():
        command += ["--weights", artifact.stage_two_weights]
    else:
        say(f"{artifact.stage_two_weights} is gone: the proof made at export stands, it is not run again")
    code, last = follow(command, say)
    if code != 0:
        raise ValueError(f"version {version} is not what was exported, it is not promoted: {last}")


def promote_by_hand(version: str, reason: str) -> Entry:
    """Make a registered version champion because a person says so.

    Raises:
        ValueError: no such version, it reigns already, or its bytes are not what was exported.
    """
    registry = Registry(load_config().tracking)
    verify_release(registry, registry.version_named(version), print)
    return registry.promote(registry.version_named(version), reason)


def roll_back(reason: str) -> Entry:
    """Make the champion before this one champion again, after its bytes were verified.

    Raises:
        ValueError: there is nobody to go back to, or its bytes are not what was exported.
    """
    registry = Registry(load_config().tracking)
    verify_release(registry, registry.version_to_restore(), print)
    return registry.rollback(reason)


def _settled(registry: Registry, candidate: RegisteredCandidate) -> Decision | None:
    """The decision that needs no gate: this very model reigns already, or was rolled back by a person."""
    reigning = registry.ledger.champion()
    digest = candidate.artifact.digest
    if reigning is not None and reigning.champion == digest:
        message = f"version {reigning.champion_version} is champion already"
        reason = Reason(rule="same model", passed=True, message=message)
    elif registry.ledger.was_rolled_back(digest):
        message = f"version {candidate.version} was rolled back by a person: promote it by hand if it shall reign again"
        reason = Reason(rule="rolled back", passed=False, message=message)
    else:
        return None
    return Decision(
        passed=reason.passed,
        reasons=[reason],
        challenger_digest=digest,
        champion_digest=reigning.champion if reigning else None,
        exam_digest=candidate.report.exam_digest,
    )


def _champion_report(
    work: Work,
    candidate: RegisteredCandidate,
    release: tuple[RgbArtifact, EvaluationReport],
    training_set: TrainingSet,
) -> EvaluationReport:
    """The champion's report on the candidate's exam: the registered one, or a new one where the exam changed."""
    artifact, report = release
    if report.exam_digest == candidate.report.exam_digest:
        return report
    work.say("the exam changed since the champion was evaluated: it is evaluated on the new one")
    samples = generated_samples(work, artifact, training_set).receipt
    assert isinstance(samples, GeneratedSamples)
    new = evaluation_report(work, samples, artifact, training_set, candidate.artifact).receipt
    assert isinstance(new, EvaluationReport)
    return new


def _print_verdict(
    work: Work, candidate: RegisteredCandidate, champion: EvaluationReport | None, decision: Decision
) -> None:
    """Write the candidate's page again, now with rules, decision and the champion's videos beside its own."""
    report = candidate.report
    beside = champion if champion and (Path(champion.folder) / "clips.json").exists() else None
    if Path(report.report_html).exists():
        write_page(Path(report.report_html), report, beside, decision, work.config.gate)


def _says(decision: Decision) -> str:
    return "; ".join(reason.message for reason in decision.reasons if decision.passed or not reason.passed)
