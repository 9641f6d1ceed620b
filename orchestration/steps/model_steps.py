"""From the training set to the evaluation report, each step in a child process of its own (see run_step)."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from evaluation.contracts import EvaluationReport, GeneratedSamples
from foundation.digests import files_digest, folder_digest
from model.contracts import EncodedBatch, Encoders, RgbArtifact, TrainedStage, TrainingConfig, TrainingSet
from orchestration.load_config import PipelineConfig
from orchestration.steps.run_step import Order, run_step
from orchestration.steps.work import Made, Work


def stage_one(work: Work, training_set: TrainingSet) -> Made:
    """Train both streams with full attention (CoInteract, arXiv 2604.19636, stage one)."""
    return _train(work, "stage_one", training_set, None)


def stage_two(work: Work, training_set: TrainingSet, parent: TrainedStage) -> Made:
    """Train on with asymmetric attention, from stage one's consolidated weights."""
    return _train(work, "stage_two", training_set, parent)


def rgb_artifact(work: Work, stage: TrainedStage, encoders: Encoders) -> Made:
    """Export the RGB stream and prove that it never needed the other one."""
    order = Order(
        name="export",
        command=["-m", "model.artifact.export"],
        sections=["network", "recipe", "encoding", "sampling"],
        parents={"stage_two": stage.weights_sha256, "encoders": encoders.digest},
        inputs={"stage_two": stage, "encoders": encoders},
    )
    return run_step(work, order, RgbArtifact, artifact_intact)


def generated_samples(work: Work, artifact: RgbArtifact, training_set: TrainingSet) -> Made:
    """Generate the held-out clips, with true and with shuffled conditions."""
    order = Order(
        name="samples",
        command=["-m", "evaluation.generate_samples"],
        sections=["evaluation"],
        parents={"artifact": artifact.digest, "held_out": training_set.held_out_digest},
        inputs={"artifact": artifact, "training_set": training_set},
        pinned=_versions(training_set.held_out),
    )
    return run_step(work, order, GeneratedSamples, lambda samples: Path(samples.contact_sheet).exists())


def evaluation_report(
    work: Work,
    samples: GeneratedSamples,
    artifact: RgbArtifact,
    training_set: TrainingSet,
    examiner: RgbArtifact | None = None,
) -> Made:
    """Measure the samples and write the report that an approver reads.

    Another artifact is the examiner where a champion sits a candidate's exam: the measuring is then done alike.
    """
    examiner = examiner or artifact
    order = Order(
        name="evaluation",
        command=["-m", "evaluation.evaluate"],
        sections=["evaluation", "gate"],  # the gate decides nothing here, but the page shows its rules
        parents={
            "artifact": artifact.digest,
            "samples": samples.digest,
            "training_set": training_set.digest,
            "examiner": examiner.digest,
        },
        inputs={
            "artifact": artifact,
            "samples": samples,
            "training_set": training_set,
            "examiner": examiner,
        },
    )
    return run_step(work, order, EvaluationReport, lambda report: Path(report.report_html).exists())


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


def training_order(config: PipelineConfig, stage: str, training_set: TrainingSet, parent: TrainedStage | None) -> Order:
    """One stage of training: how it is spread decides its result in the last bits, how it saves memory does not."""
    spread = config.deepspeed
    initial = None if parent else _initial_digest(config.training)
    return Order(
        name=stage,
        command=_torchrun(spread.processes),
        sections=[
            "network",
            "recipe",
            "deepspeed",
            f"training.{stage}",
            *(f"training.{name}" for name in _SHARED_BY_STAGES),
        ],
        parents={
            "train": training_set.train_digest,
            "parent": parent.weights_sha256 if parent else None,
            "initial": initial,
        },
        inputs={"stage": stage, "training_set": training_set, "parent": parent, "initial_digest": initial},
        environment={"OMP_NUM_THREADS": str(spread.threads_per_process)},
        pinned=_versions(training_set.train),
    )


def _train(work: Work, stage: str, training_set: TrainingSet, parent: TrainedStage | None) -> Made:
    order = training_order(work.config, stage, training_set, parent)
    return run_step(work, order, TrainedStage, _weights_intact)


_SHARED_BY_STAGES = (
    "micro_batch_per_process",
    "gradient_accumulation",
    "weight_decay",
    "betas",
    "gradient_clip",
    "low_rank",
)


def _initial_digest(training: TrainingConfig) -> str | None:
    """Content of what stage one starts from, wherever it lies; None where it starts as drawn.

    Raises:
        ValueError: a file does not exist, or factors would be trained on a backbone that is noise; names the key.
    """
    if training.low_rank and not training.initial_weights:
        raise ValueError(
            "training.low_rank leaves the backbone as it starts, and without training.initial_weights that is noise: "
            "give the public backbone's folder or a stage's model.safetensors, or set training.low_rank=null"
        )
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
    return [
        *("-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"),
        *("-m", "model.training.train_stage"),
    ]


def _weights_intact(stage: TrainedStage) -> bool:
    weights = Path(stage.weights)
    if not weights.exists():
        return False
    with weights.open("rb") as handle:
        found = hashlib.file_digest(handle, "sha256").hexdigest()
    if found != stage.weights_sha256:
        raise ValueError(f"{weights} changed since it was trained: remove {stage.run} and run again")
    return True
