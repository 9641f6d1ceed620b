"""From the training set to the evaluation report, each step in a child process of its own (see run_step).

A `..._request` says all that a step depends on, without running it; the function below it runs it.
"""

from collections.abc import Sequence
from pathlib import Path

from evaluation.contracts import EvaluationReport, GeneratedSamples
from foundation.code_digest import code_digest
from foundation.digests import file_sha256, files_digest, folder_digest
from model.contracts import EncodedBatch, Encoders, RgbArtifact, StageName, TrainedStage, TrainingConfig, TrainingSet
from orchestration.load_config import PipelineConfig
from orchestration.steps.run_step import StepRequest, run_step
from orchestration.steps.step import StepContext, StepResult

TRAIN, EXPORT = "model.training.train_stage", "model.artifact.export"
SAMPLE, EVALUATE = "evaluation.generate_samples", "evaluation.evaluate"


def stage_one(step: StepContext, training_set: TrainingSet) -> StepResult:
    """Train both streams with full attention (CoInteract, arXiv 2604.19636, stage one)."""
    return run_step(step, training_request(step.config, training_set, None), TrainedStage, _weights_intact)


def stage_two(step: StepContext, training_set: TrainingSet, parent: TrainedStage) -> StepResult:
    """Train on with asymmetric attention, from stage one's consolidated weights."""
    return run_step(step, training_request(step.config, training_set, parent), TrainedStage, _weights_intact)


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
        pinned=_versions(training_set.train),
    )


def rgb_artifact(step: StepContext, stage: TrainedStage, encoders: Encoders) -> StepResult:
    """Export the RGB stream and prove that it never needed the other one."""
    return run_step(step, export_request(step.config, stage, encoders), RgbArtifact, artifact_intact)


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
    )


def generated_samples(step: StepContext, artifact: RgbArtifact, training_set: TrainingSet) -> StepResult:
    """Generate the held-out clips, with true and with shuffled conditions."""
    request = samples_request(step.config, artifact, training_set)
    return run_step(step, request, GeneratedSamples, lambda samples: Path(samples.contact_sheet).exists())


def samples_request(config: PipelineConfig, artifact: RgbArtifact, training_set: TrainingSet) -> StepRequest:
    """The samples of one artifact on one exam."""
    return StepRequest(
        name="samples",
        command=["-m", SAMPLE],
        code=code_digest(SAMPLE),
        sections={"evaluation": config.evaluation, "sampling": config.sampling},
        parents={"artifact": artifact.digest, "held_out": training_set.held_out_digest},
        inputs={"artifact": artifact, "training_set": training_set},
        pinned=_versions(training_set.held_out),
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
    inputs = {
        "artifact": artifact,
        "samples": samples,
        "training_set": training_set,
        "examiner": examiner or artifact,
    }
    request = evaluation_request(step.config, inputs)
    return run_step(step, request, EvaluationReport, lambda report: Path(report.report_html).exists())


def evaluation_request(
    config: PipelineConfig, inputs: dict[str, RgbArtifact | GeneratedSamples | TrainingSet]
) -> StepRequest:
    """The report on one artifact's samples."""
    return StepRequest(
        name="evaluation",
        command=["-m", EVALUATE],
        code=code_digest(EVALUATE),
        sections={"evaluation": config.evaluation},
        parents={name: receipt.digest for name, receipt in inputs.items()},
        inputs=inputs,
    )


def _versions(batches: Sequence[EncodedBatch]) -> dict[str, str]:
    """The data a step reads, each batch at the version that its receipt names."""
    return {batch.folder: batch.digest for batch in batches}


def artifact_intact(artifact: RgbArtifact) -> bool:
    """Whether the exported folder is still what its receipt says.

    Raises:
        ValueError: a byte of it changed.
    """
    if not Path(artifact.folder).exists():
        return False
    if folder_digest(Path(artifact.folder)) != artifact.digest:
        raise ValueError(f"{artifact.folder} changed since its export: remove the folder and run again")
    return True


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


def _weights_intact(stage: TrainedStage) -> bool:
    weights = Path(stage.weights)
    if not weights.exists():
        return False
    if file_sha256(weights) != stage.weights_sha256:
        raise ValueError(f"{weights} changed since it was trained: remove {stage.run} and run again")
    return True
