"""From the order of a batch to the training set. DVC runs the work and owns the bytes; these steps ask and read."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from data import sources
from data.config import DataConfig
from data.contracts import PreparedBatch, RawBatch
from data.sources import BatchConfig
from data.sources.arrived import ArrivedBatch, arrived_batches
from data.validation.training_leaks import find_leaks
from data.versions import dataset_version
from data.versions.batch_entry import BatchEntry, Harmless, Stage
from data.versions.batch_hold import hold_batches
from data.versions.batch_receipts import prepared_receipt
from data.versions.encoded_index import read_clips
from data.versions.withdrawals import is_withdrawn, read_withdrawals
from foundation.code_digest import code_digest
from foundation.digests import folder_digest
from foundation.fingerprint import deciding, harmless_fields
from foundation.names import warnings_of
from model.conditioning.given_weights import given_weights
from model.contracts import EncodedBatch, Encoders, TrainingSet
from orchestration.configuration.load_config import PipelineConfig
from orchestration.registry.trained_on import remember_training_set
from orchestration.steps import parents
from orchestration.steps.step import StepContext, StepResult

DATASETS = Path("datasets")
SHOWN = 20  # leaks that are named


def raw_batch(step: StepContext) -> StepResult:
    """Have the batch delivered (filmed by the studio, copied from a folder) and put its bytes under version control."""
    there = (DATASETS / "raw" / step.batch_name).exists()
    with held_batches(step, [step.batch_name]):
        return StepResult(dataset_version.deliver_raw(step.batch_name, step.log), reused=there)


def prepared_batch(step: StepContext, raw: RawBatch) -> StepResult:
    """Bring every clip into one format, draw the contact sheet, validate. Invalid clips fail the asset's check."""
    reused = _reproduce(step, "prepare", raw.batch)
    return StepResult(prepared_receipt(raw.batch), reused)


def encoders(step: StepContext, prepared: dict[str, PreparedBatch]) -> StepResult:
    """Fit the embedded latent codec on the first training batch, or record the given weights' hashes."""
    batch = step.config.data.train_batches[0]
    _assert_ready(batch, prepared)
    reused = _reproduce(step, "encoders", batch)
    folder = DATASETS / "encoders" / batch
    captions = json.loads((folder / "encoders.json").read_text(encoding="utf-8"))["captions"]
    return StepResult(Encoders(folder=str(folder), digest=folder_digest(folder), captions=captions), reused)


def encoded_batch(step: StepContext, prepared: PreparedBatch, fitted: Encoders) -> StepResult:
    """Latents, text, sound and region labels of every clip, in shards."""
    parents.fit_to_encode(prepared, fitted, DATASETS / "encoders" / step.config.data.train_batches[0])
    reused = _reproduce(step, "encode", prepared.batch)
    folder = DATASETS / "encoded" / prepared.batch
    receipt = EncodedBatch(
        batch=prepared.batch,
        folder=str(folder),
        clips=len(read_clips(folder)),
        digest=folder_digest(folder),
        prepared_digest=prepared.digest,
        encoders_digest=fitted.digest,
    )
    return StepResult(receipt, reused)


def training_set(step: StepContext, encoded: dict[str, EncodedBatch]) -> StepResult:
    """Batches plus split under one digest; refuses a person, product or film that stands on both sides.

    Arrived batches count as far as the run took them in, or as far as they are ready: one that arrives meanwhile joins
    the next run.
    """
    config = step.config.data
    arrivals = arrivals_of(config)
    ready = [name for name in arrivals if name in encoded] if step.arrivals is None else step.arrivals
    train, held_out = (_chosen(encoded, names) for names in split_of(config, ready))
    parents.fit_in_one_set([*train, *held_out])
    _assert_apart(train, held_out, config)
    _assert_none_withdrawn([*train, *held_out])
    for line in _warnings([*train, *held_out]):
        step.log(line)
    train_digest, held_out_digest = _digest(train), _digest(held_out)
    receipt = TrainingSet(
        train=train,
        held_out=held_out,
        train_digest=train_digest,
        held_out_digest=held_out_digest,
        digest=hashlib.sha256(f"{train_digest}{held_out_digest}".encode()).hexdigest(),
        overlap_allowed=config.held_out_is_trained_on,
        not_ready=tuple(name for name in arrivals if name not in ready),
    )
    remember_training_set(train_digest, train)
    return StepResult(receipt, reused=receipt == step.previous)


def arrivals_of(config: DataConfig) -> list[str]:
    """The arrived batches that are to be trained on, as they lie in datasets/raw now."""
    ordered = {*config.train_batches, *config.held_out_batches}
    return [name for name in arrived_batches() if name not in ordered] if config.train_on_arrivals else []


def batches_of(config: DataConfig, arrivals: Sequence[str]) -> list[str]:
    """Every batch a run is about: the ordered ones of both sides, and those that arrived."""
    return list(dict.fromkeys([*config.train_batches, *arrivals, *config.held_out_batches]))


def split_of(config: DataConfig, arrivals: Sequence[str]) -> tuple[list[str], list[str]]:
    """The batches to train on and those of the exam."""
    to_train_on = [name for name in batches_of(config, arrivals) if name not in config.held_out_batches]
    return config.train_batches if config.held_out_is_trained_on else to_train_on, config.held_out_batches


def entry_of(config: PipelineConfig, name: str) -> BatchEntry:
    """The batch's entry in datasets/batches.yaml: all that its DVC stages read."""
    data, batch = config.data, _batch(config.data, name)
    assert not harmless_fields(type(config.encoding)), "give them a place in BatchEntry.harmless"
    apart = set(harmless_fields(type(batch)))
    how = {field: getattr(data, field) for field in Harmless.model_fields if field != "batch"}
    return BatchEntry(
        batch=deciding(batch),
        clip=data.clip,
        validation=data.validation.of_batch(name),
        encoders=data.train_batches[0],
        encoding=deciding(config.encoding),
        weights=given_weights(config.encoding),
        code={stage: code_digest(*modules) for stage, modules in stage_modules(batch).items()},
        harmless=Harmless(batch=batch.model_dump(mode="json", include=apart), **how),
    )


def held_batches(step: StepContext, batches: Sequence[str]) -> AbstractContextManager[None]:
    """Have batches ordered as this configuration has them; wait for those who work on them ordered otherwise."""
    entries = {batch: entry_of(step.config, batch) for batch in batches}
    return hold_batches(entries, dataset_version.order_batch, step.who, step.log)


def stage_modules(batch: BatchConfig) -> dict[Stage, tuple[str, ...]]:
    """What each DVC stage runs; preparation finds the batch's source by its name."""
    return {
        "prepare": ("data.preparation.prepare_clips", f"{sources.__name__}.{batch.source}"),
        "encoders": ("model.encoding.fit_encoders",),
        "encode": ("model.encoding.encode_clips",),
    }


def _reproduce(step: StepContext, stage: Stage, batch: str) -> bool:
    """Have DVC run one stage, where the batch's entry as it is to be now (code included) or its data differ."""
    with held_batches(step, [batch]):
        return dataset_version.reproduce(stage, batch, step.log)


def _batch(config: DataConfig, name: str) -> BatchConfig:
    if name in config.batches:
        return config.batches[name]
    if name in arrived_batches():
        return ArrivedBatch()
    raise ValueError(
        f"batch {name} is neither ordered under data.batches ({', '.join(config.batches)}) nor in datasets/raw: "
        "order it, or copy its folder there, manifest.jsonl last"
    )


def _digest(batches: Sequence[EncodedBatch]) -> str:
    return hashlib.sha256("".join(batch.digest for batch in batches).encode()).hexdigest()


def _chosen(encoded: dict[str, EncodedBatch], names: Sequence[str]) -> tuple[EncodedBatch, ...]:
    for name in names:
        _assert_ready(name, encoded)
    return tuple(encoded[name] for name in names)


def _assert_ready(name: str, batches: dict[str, PreparedBatch] | dict[str, EncodedBatch]) -> None:
    if name not in batches:
        raise ValueError(f"batch {name} is not ready yet: materialise its partition first (ready: {sorted(batches)})")


def _assert_none_withdrawn(batches: Sequence[EncodedBatch]) -> None:
    withdrawals = read_withdrawals()
    for batch in batches:
        for clip_id, clip in read_clips(Path(batch.folder)).items():
            if is_withdrawn(clip.person_id, clip.product_id, withdrawals):
                raise ValueError(
                    f"batch {batch.batch} still holds clip {clip_id} of person {clip.person_id}, who is withdrawn: "
                    "prepare and encode the batch again (`graspline run` does)"
                )


def _warnings(batches: Sequence[EncodedBatch]) -> list[str]:
    """Ids in all batches together that may be meant as one."""
    clips = [clip for batch in batches for clip in read_clips(Path(batch.folder)).values()]
    people, products = {clip.person_id for clip in clips}, {clip.product_id for clip in clips}
    return [*warnings_of("person_id", people), *warnings_of("product_id", products)]


def _assert_apart(train: Sequence[EncodedBatch], held_out: Sequence[EncodedBatch], config: DataConfig) -> None:
    trained, examined = ({one.batch: DATASETS / "prepared" / one.batch for one in side} for side in (train, held_out))
    leaks = find_leaks(trained, examined, config.validation, overlap=config.held_out_is_trained_on)
    if leaks:
        more = f"\n... and {len(leaks) - SHOWN} more" if len(leaks) > SHOWN else ""
        raise ValueError("this training set is refused:\n" + "\n".join(map(str, leaks[:SHOWN])) + more)
