"""From the training set to the evaluation report, each step in a child process of its own (see run_step).

A `..._request` says all that a step depends on, without running it; the function below it runs it.
"""

from collections.abc import Sequence
from pathlib import Path

from data.versions.batch_receipts import PREPARED
from evaluation.contracts import EvaluationReport, Exam, GeneratedSamples
from evaluation.exam.open_and_sealed import open_exam
from evaluation.recognisers.receipt import FittedRecognisers
from foundation.code_digest import code_digest
from foundation.digests import files_digest
from foundation.fingerprint import fingerprint
from model.contracts import EncodedBatch, Encoders, RgbArtifact, StageName, TrainedStage, TrainingConfig, TrainingSet
from orchestration.configuration.load_config import PipelineConfig
from orchestration.steps import parents
from orchestration.steps.run_step import StepRequest, run_step
from orchestration.steps.step import StepContext, StepResult

TRAIN, EXPORT = "model.training.train_stage", "model.artifact.export"
SAMPLE, EVALUATE = "evaluation.generate_samples", "evaluation.evaluate"
RECOGNISE = "evaluation.fit_recognisers"
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # of each process: several would fight for the cores, and sum in another order


def stage_one(step: StepContext, training_set: TrainingSet) -> StepResult:
    """Train both streams with full attention (CoInteract, arXiv 2604.19636, stage one)."""
    return run_step(step, training_request(step.config, training_set, None), TrainedStage)


def stage_two(step: StepContext, training_set: TrainingSet, parent: TrainedStage) -> StepResult:
    """Train on with asymmetric attention, from stage one's consolidated weights."""
    parents.fit_to_train_on(training_set, parent)
    return run_step(step, training_request(step.config, training_set, parent), TrainedStage)


def training_request(config: PipelineConfig, training_set: TrainingSet, parent: TrainedStage | None) -> StepRequest:
    """Stage one, or stage two where there is a parent."""
    stage: StageName = "stage_two" if parent else "stage_one"
    initial = None if parent else _initial_digest(config.training)
    return StepRequest(
        name=stage,
        command=_torchrun(config.deepspeed.processes),
        code=code_digest(TRAIN),
        sections={
            "network": config.network,
            "recipe": config.recipe,
            "training": config.training.of_stage(stage),
            "deepspeed": config.deepspeed,
            "tracking": config.tracking,
        },
        parents={
            "train": training_set.train_digest,
            "parent": parent.weights_sha256 if parent else None,
            "initial": initial,
        },
        inputs={"stage": stage, "training_set": training_set, "parent": parent, "initial_digest": initial},
        environment={"OMP_NUM_THREADS": str(config.deepspeed.threads_per_process)},
        pinned=versions(training_set.train),
    )


def rgb_artifact(step: StepContext, stage: TrainedStage, encoders: Encoders, training_set: TrainingSet) -> StepResult:
    """Export the RGB stream and prove that it never needed the other one."""
    parents.fit_to_export(stage, encoders, training_set)
    return run_step(step, export_request(step.config, stage, encoders), RgbArtifact)


def export_request(config: PipelineConfig, stage: TrainedStage, encoders: Encoders) -> StepRequest:
    """The artifact of one stage two."""
    return StepRequest(
        name="export",
        command=["-m", EXPORT],
        code=code_digest(EXPORT),
        sections={
            "network": config.network,
            "recipe": config.recipe,
            "encoding": config.encoding,
            "sampling": config.sampling,
            "clip": config.data.clip,
        },
        parents={"stage_two": stage.weights_sha256, "encoders": encoders.digest},
        inputs={"stage_two": stage, "encoders": encoders},
        pinned={encoders.folder: encoders.digest},
    )


def generated_samples(
    step: StepContext, artifact: RgbArtifact, training_set: TrainingSet, exam: Exam | None = None
) -> StepResult:
    """Generate the clips of an exam (the open one, unless another is given), with true and shuffled conditions."""
    if exam is None:
        parents.fit_to_sample(artifact, training_set)
    chosen = exam or open_exam(step.config.evaluation)
    return run_step(step, samples_request(step.config, artifact, training_set, chosen), GeneratedSamples)


def samples_request(
    config: PipelineConfig, artifact: RgbArtifact, training_set: TrainingSet, exam: Exam
) -> StepRequest:
    """The samples of one artifact on one exam."""
    return StepRequest(
        name="samples",
        command=["-m", SAMPLE],
        code=code_digest(SAMPLE),
        environment=ONE_THREAD,
        sections={"evaluation": config.evaluation, "sampling": config.sampling},
        parents={
            "artifact": artifact.digest,
            "held_out": training_set.held_out_digest,
            "exam": fingerprint(exam),
        },
        inputs={"artifact": artifact, "training_set": training_set, "exam": exam},
        pinned=versions(training_set.held_out) | prepared(training_set.held_out),
    )


def evaluation_report(
    step: StepContext,
    samples: GeneratedSamples,
    artifact: RgbArtifact,
    training_set: TrainingSet,
    examiner: RgbArtifact | None = None,
) -> StepResult:
    """Measure the samples and write the report that an approver reads.

    Another artifact is the examiner where a champion is evaluated on a candidate's exam: both are measured alike.
    """
    parents.fit_to_evaluate(samples, artifact, training_set)
    recognisers = run_step(
        step, recognisers_request(step.config, examiner or artifact, training_set), FittedRecognisers
    ).receipt
    assert isinstance(recognisers, FittedRecognisers)
    inputs = {
        "artifact": artifact,
        "samples": samples,
        "training_set": training_set,
        "examiner": examiner or artifact,
        "recognisers": recognisers,
    }
    return run_step(step, evaluation_request(step.config, inputs), EvaluationReport)


def recognisers_request(config: PipelineConfig, examiner: RgbArtifact, training_set: TrainingSet) -> StepRequest:
    """What recognises hands, faces, mouths and products.

    Fitted on training clips through the examiner's codec, so once for all examiners that share it: of another model
    trained on the same data only the network differs.
    """
    return StepRequest(
        name="recognisers",
        command=["-m", RECOGNISE],
        code=code_digest(RECOGNISE),
        environment=ONE_THREAD,
        sections={"evaluation": config.evaluation},
        parents={
            "conditioning": examiner.conditioning_digest,
            **versions(training_set.train[:1]),
            **prepared(training_set.train[:1]),
        },
        inputs={"examiner": examiner, "training_set": training_set},
        pinned=versions(training_set.train[:1]) | prepared(training_set.train[:1]),
    )


def evaluated(
    step: StepContext,
    artifact: RgbArtifact,
    training_set: TrainingSet,
    exam: Exam,
    examiner: RgbArtifact | None = None,
) -> tuple[GeneratedSamples, EvaluationReport]:
    """One model's samples on an exam, and the report on them; what was made before is reused."""
    samples = generated_samples(step, artifact, training_set, exam).receipt
    assert isinstance(samples, GeneratedSamples)
    report = evaluation_report(step, samples, artifact, training_set, examiner).receipt
    assert isinstance(report, EvaluationReport)
    return samples, report


def evaluation_request(
    config: PipelineConfig, inputs: dict[str, RgbArtifact | GeneratedSamples | TrainingSet | FittedRecognisers]
) -> StepRequest:
    """The report on one artifact's samples."""
    training_set = inputs["training_set"]
    assert isinstance(training_set, TrainingSet)
    read = [*training_set.held_out, *training_set.train[:1]]
    return StepRequest(
        name="evaluation",
        command=["-m", EVALUATE],
        code=code_digest(EVALUATE),
        environment=ONE_THREAD,
        sections={"evaluation": config.evaluation},
        parents={name: receipt.digest for name, receipt in inputs.items()},
        inputs=inputs,
        pinned=versions([*training_set.held_out, *training_set.train]) | prepared(read),
    )


def versions(batches: Sequence[EncodedBatch]) -> dict[str, str]:
    """The data a step reads, each batch at the version that its receipt names."""
    return {batch.folder: batch.digest for batch in batches}


def prepared(batches: Sequence[EncodedBatch]) -> dict[str, str]:
    """The prepared clips that these batches were encoded from: samples are held against them."""
    return {str(PREPARED / batch.batch): batch.prepared_digest for batch in batches}


def _initial_digest(training: TrainingConfig) -> str | None:
    """Content of what stage one starts from, wherever it lies; None where it starts as drawn.

    Raises:
        ValueError: a file does not exist; names the key.
    """
    given = {"initial_weights": training.initial_weights, "initial_adapter": training.initial_adapter}
    digests: list[str] = []
    for key, path in ((key, Path(path)) for key, path in given.items() if path):
        if not path.exists():
            raise ValueError(f"training.{key}: {path} does not exist: correct the path, relative to the project root")
        files = path.glob("*.safetensors*") if path.is_dir() else [path]
        digests.append(files_digest(path if path.is_dir() else path.parent, files))
    return "-".join(digests) or None


def _torchrun(processes: int) -> list[str]:
    """One process a rank, met on loopback at a free port."""
    return ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m", TRAIN]
