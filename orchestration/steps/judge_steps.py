"""What is done with registered models outside the flow: one is evaluated, two are compared, the judge is audited."""

from evaluation.contracts import EvaluationReport, JudgeAudit
from evaluation.exam.open_and_sealed import open_exam
from evaluation.judge_audit import Audited
from foundation.code_digest import code_digest
from foundation.fingerprint import fingerprint
from model.contracts import RgbArtifact, TrainingSet
from orchestration.registry.succession import Succession
from orchestration.steps.model_steps import evaluated
from orchestration.steps.receipts import newest
from orchestration.steps.run_step import StepRequest, run_step
from orchestration.steps.step import StepContext

AUDIT = "evaluation.judge_audit"


def audited_judge(step: StepContext, model: str, seeds: int, gates: int, seed: int) -> JudgeAudit:
    """Audit the configured gate with a registered model, measured on the open exam with many noise seeds a clip.

    Raises:
        ValueError: no such model, or it has no values to audit with.
    """
    artifact, training_set = registered(step, model), newest_training_set(step)
    many = step.config.evaluation.model_copy(update={"seeds_a_clip": seeds})
    measuring = StepContext(step.config.model_copy(update={"evaluation": many}), step.log)
    samples, report = evaluated(measuring, artifact, training_set, open_exam(many))
    audited = Audited(
        gate=step.config.gate,
        evaluation=step.config.evaluation,
        artifact=artifact,
        training_set=training_set,
        samples=samples,
        report=report,
        gates=gates,
        seed=seed,
    )
    receipt = run_step(step, audit_request(audited), JudgeAudit).receipt
    assert isinstance(receipt, JudgeAudit)
    return receipt


def audit_request(audited: Audited) -> StepRequest:
    """The audit of one judge with one model."""
    return StepRequest(
        name="audit",
        command=["-m", AUDIT],
        code=code_digest(AUDIT),
        sections={},
        parents={"audited": fingerprint(audited)},
        inputs={"audited": audited},
    )


def evaluated_model(step: StepContext, name: str) -> EvaluationReport:
    """A registered model on the open exam; a report that is there is reused.

    Raises:
        ValueError: no such model, or it cannot be evaluated on the exam.
    """
    return evaluated(step, registered(step, name), newest_training_set(step), open_exam(step.config.evaluation))[1]


def compared_models(step: StepContext, first: str, second: str) -> tuple[EvaluationReport, EvaluationReport]:
    """Two registered models on the open exam: the same clips, seeds and measuring tools.

    Raises:
        ValueError: no such model, or one of them cannot be evaluated on the exam.
    """
    training_set, exam = newest_training_set(step), open_exam(step.config.evaluation)
    one, other = registered(step, first), registered(step, second)
    _, report = evaluated(step, one, training_set, exam)
    return report, evaluated(step, other, training_set, exam, examiner=one)[1]


def registered(step: StepContext, name: str) -> RgbArtifact:
    """The artifact of champion, challenger, previous_champion or a version number. ValueError: there is none."""
    succession = Succession(step.config.tracking, step.config.approval)
    return succession.models.release(succession.version_named(name))[0]


def newest_training_set(step: StepContext) -> TrainingSet:
    """The newest training set of this data and encoding: its held-out clips are the exam.

    Raises:
        ValueError: nothing was run with them yet.
    """
    receipt = newest("training_set", {"data": step.config.data, "encoding": step.config.encoding})
    assert isinstance(receipt, TrainingSet)
    return receipt
