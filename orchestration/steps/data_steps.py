"""From the order of a batch to the training set. DVC runs the work and owns the bytes; these steps ask and read."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.config import ArrivedBatch, BatchOrder, DataConfig
from data.contracts import PreparedBatch, RawBatch
from data.validation.training_leaks import find_leaks
from data.versions import dataset_version
from data.versions.batch_receipts import arrived_batches, prepared_receipt
from data.versions.withdrawals import is_withdrawn, read_withdrawals
from foundation.digests import folder_digest
from model.contracts import EncodedBatch, Encoders, TrainingSet
from orchestration.registry.trained_on import remember_training_set
from orchestration.steps.step import StepContext, StepResult

DATASETS = Path("datasets")
SHOWN = 20  # leaks that are named


def raw_batch(step: StepContext) -> StepResult:
    """Have the batch delivered (filmed by the studio, copied from a folder) and put its bytes under version control."""
    there = (DATASETS / "raw" / step.batch_name).exists()
    dataset_version.order_batch(step.batch_name, _entry(step))
    return StepResult(dataset_version.deliver_raw(step.batch_name, step.log), reused=there)


def prepared_batch(step: StepContext, raw: RawBatch) -> StepResult:
    """Bring every clip into one format, draw the contact sheet, validate. Invalid clips fail the asset's check."""
    reused = dataset_version.reproduce("prepare", raw.batch, step.log)
    return StepResult(prepared_receipt(raw.batch), reused)


def encoders(step: StepContext, prepared: dict[str, PreparedBatch]) -> StepResult:
    """Fit the embedded latent codec on the first training batch, or record the given weights' hashes."""
    batch = step.config.data.train_batches[0]
    _assert_ready(batch, prepared)
    reused = dataset_version.reproduce("encoders", batch, step.log)
    folder = DATASETS / "encoders" / batch
    captions = json.loads((folder / "encoders.json").read_text())["captions"]
    return StepResult(Encoders(folder=str(folder), digest=folder_digest(folder), captions=captions), reused)


def encoded_batch(step: StepContext, prepared: PreparedBatch, fitted: Encoders) -> StepResult:
    """Latents, text, sound and region labels of every clip, in shards."""
    needed = DATASETS / "encoders" / step.config.data.train_batches[0]
    if Path(fitted.folder) != needed:
        raise ValueError(f"encoders were last fitted in {fitted.folder}, this batch needs {needed}: make them first")
    reused = dataset_version.reproduce("encode", prepared.batch, step.log)
    folder = DATASETS / "encoded" / prepared.batch
    receipt = EncodedBatch(
        batch=prepared.batch,
        folder=str(folder),
        clips=len(json.loads((folder / "index.json").read_text())["clips"]),
        digest=folder_digest(folder),
        prepared_digest=prepared.digest,
        encoders_digest=fitted.digest,
    )
    return StepResult(receipt, reused)


def training_set(step: StepContext, encoded: dict[str, EncodedBatch]) -> StepResult:
    """Batches plus split under one digest; refuses a person, product or film that stands on both sides."""
    config = step.config.data
    to_train_on = [name for name in batches_of(config) if name not in config.held_out_batches]
    train = _chosen(encoded, config.train_batches if config.held_out_is_trained_on else to_train_on)
    held_out = _chosen(encoded, config.held_out_batches)
    _assert_apart(train, held_out, config)
    _assert_none_withdrawn([*train, *held_out])
    train_digest, held_out_digest = _digest(train), _digest(held_out)
    receipt = TrainingSet(
        train=train,
        held_out=held_out,
        train_digest=train_digest,
        held_out_digest=held_out_digest,
        digest=hashlib.sha256(f"{train_digest}{held_out_digest}".encode()).hexdigest(),
        overlap_allowed=config.held_out_is_trained_on,
    )
    remember_training_set(train_digest, train)
    return StepResult(receipt, reused=receipt == step.previous)


def batches_of(config: DataConfig) -> list[str]:
    """Every batch a run is about: the ordered ones of both sides, and what arrived where arrivals are trained on."""
    arrived = arrived_batches() if config.train_on_arrivals else []
    return list(dict.fromkeys([*config.train_batches, *arrived, *config.held_out_batches]))


def _entry(step: StepContext) -> dict[str, Any]:
    """The batch's line in datasets/batches.yaml: all that its DVC stages read."""
    config = step.config
    return {
        "order": _order(config.data, step.batch_name).model_dump(mode="json"),
        "clip": config.data.clip.model_dump(mode="json"),
        "validation": config.data.validation.of_batch(step.batch_name).model_dump(mode="json"),
        "preparation_processes": config.data.preparation_processes,
        "map": config.data.map,
        "ray_address": config.data.ray_address,
        "encoders": config.data.train_batches[0],
        "encoding": config.encoding.model_dump(mode="json"),
    }


def _order(config: DataConfig, name: str) -> BatchOrder:
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
        for clip_id, clip in json.loads((Path(batch.folder) / "index.json").read_text())["clips"].items():
            if is_withdrawn(clip["person_id"], clip.get("product_id", ""), withdrawals):
                raise ValueError(
                    f"batch {batch.batch} still holds clip {clip_id} of person {clip['person_id']}, who is withdrawn: "
                    "prepare and encode the batch again (`graspline run` does)"
                )


def _assert_apart(train: Sequence[EncodedBatch], held_out: Sequence[EncodedBatch], config: DataConfig) -> None:
    trained, examined = ({one.batch: DATASETS / "prepared" / one.batch for one in side} for side in (train, held_out))
    leaks = find_leaks(trained, examined, config.validation, overlap=config.held_out_is_trained_on)
    if leaks:
        more = f"\n... and {len(leaks) - SHOWN} more" if len(leaks) > SHOWN else ""
        raise ValueError("this training set is refused:\n" + "\n".join(map(str, leaks[:SHOWN])) + more)
