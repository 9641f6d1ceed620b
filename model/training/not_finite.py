"""NaN and infinity stop a run before they reach its weights, on all processes together, with what to do about it.

A loss or a gradient that is no finite number never comes right by itself: every step after it would be lost. So before
each update the processes vote; nothing bad is ever written into a checkpoint.

Shape legend: B clips of a micro batch, K losses.
"""

from dataclasses import fields

from torch import Tensor

from model.flow_matching import LOSSES
from model.network.streams import Conditions
from model.training.checkpoint import newest_saved
from model.training.clip_dataset import TrainingBatch
from model.training.deepspeed_engine import Engine
from model.training.stage_request import StageRequest

MicroBatches = list[tuple[TrainingBatch, Tensor]]  # of one step and process, each with its losses [K] as in LOSSES


class NotFiniteError(ValueError):
    """A loss, a gradient or a weight is no finite number. Every process raises it at the same step."""


def check_losses(request: StageRequest, engine: Engine, step: int, micro_batches: MicroBatches) -> None:
    """Before update number `step` (from 1). Raises NotFiniteError: a loss of some process is not finite."""
    bad = [(batch, losses_K) for batch, losses_K in micro_batches if not losses_K.isfinite().all()]
    if not engine.processes.any_rank(bool(bad)):
        return
    words: list[str] = []
    for batch, losses_K in bad:
        named = [f"{name} {value:g}" for name, value in zip(LOSSES, losses_K.tolist(), strict=True)]
        words.append(f"{' '.join(named)} on {_clips([batch])}")
    raise _stopped(request, step, f"the loss is not finite ({'; '.join(engine.processes.gathered(words))})")


def refused_update(request: StageRequest, engine: Engine, step: int, micro_batches: MicroBatches) -> NotFiniteError:
    """The error to raise where the engine made no update: the gradients, the same on all ranks, are not finite."""
    clips = engine.processes.gathered([_clips([batch for batch, _ in micro_batches])])
    return _stopped(request, step, f"the norm of the gradients is not finite on {', '.join(clips)}")


def check_state(request: StageRequest, engine: Engine, step: int) -> None:
    """Before a checkpoint or the end. Raises NotFiniteError: weights or moments are not finite on some process."""
    if engine.processes.any_rank(not engine.is_finite()):
        raise _stopped(request, step, "the weights are not finite after the update", updated=True)


def _stopped(request: StageRequest, step: int, what: str, updated: bool = False) -> NotFiniteError:
    name, training = request.inputs.stage, request.training
    saved = newest_saved(request.folder.path / "checkpoints")
    then = "nothing bad was saved" if updated else "the weights were not updated"
    return NotFiniteError(
        f"{name} step {step}: {what}; {then}. The last good checkpoint is {saved or 'none yet'}. Lower "
        f"training.{name}.learning_rate ({training.stage.learning_rate:g}) or training.gradient_clip "
        f"({training.gradient_clip:g}), or raise training.{name}.warmup_steps ({training.stage.warmup_steps})"
    )


def _clips(batches: list[TrainingBatch]) -> str:
    """The clips by name; what is broken in the data itself is named with its field."""
    names = ", ".join(clip_id for batch in batches for clip_id in batch.clip_ids)
    broken = [fault for batch in batches for fault in _broken_inputs(batch)]
    return f"{names} ({'; '.join(broken)}: encode these clips again)" if broken else names


def _broken_inputs(batch: TrainingBatch) -> list[str]:
    given = {field.name: getattr(batch.conditions, field.name) for field in fields(Conditions)}
    values: dict[str, object] = {"rgb_B": batch.rgb_BCThw, "hoi_B": batch.hoi_BCThw, **given}
    return [
        f"{name.rpartition('_')[0]} of {clip_id} holds NaN or infinity"
        for name, value in values.items()
        if isinstance(value, Tensor)
        for clip_id, row in zip(batch.clip_ids, value, strict=True)
        if not row.isfinite().all()
    ]
