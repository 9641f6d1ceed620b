"""One stage of training, start to end: the one loop of both stages, on any number of processes.

    torchrun --standalone --nproc-per-node 2 -m model.training.train_stage runs/<run id>

Reads config.yaml and inputs.json of the run folder; writes checkpoints, loss_curve.png, network.json, model.safetensors
(consolidated fp32 weights of both streams, LoRA's factors merged into them) and, last of all, result.json
(TrainedStage). Started again after any end, it continues from the newest intact checkpoint, bit for bit; SIGTERM saves
one at the step's end and exits non-zero. Stage two starts from stage one's weights and attends asymmetrically
(CoInteract, arXiv 2604.19636, sec. 3.4).
"""

import sys
from collections import deque
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from foundation.parent_watch import end_with_parent
from foundation.run_folder import RunFolder
from model.flow_matching import LOSSES, Losses
from model.training.checkpoint import Checkpoint, newest_intact, open_checkpoint, save_checkpoint
from model.training.clip_dataset import ClipDataset, Place, TrainingBatch
from model.training.deepspeed_engine import Engine, Processes
from model.training.determinism import make_repeatable
from model.training.first_weights import network_to_train
from model.training.low_rank import merged
from model.training.not_finite import MicroBatches, NotFiniteError, check_losses, check_state, refused_update
from model.training.slow_precision import slow_precision
from model.training.stage_loss import batch_loss, on_device
from model.training.stage_report import StageReport
from model.training.stage_request import StageRequest, learning_rate, read_request
from model.training.stop_signal import StopSignal

STOPPED = 143  # what a shell reports after SIGTERM


def main(path: str) -> None:
    """Hold the run folder on rank 0 and train, for as long as the launcher lives."""
    end_with_parent()
    folder = RunFolder(Path(path))
    try:
        request = read_request(folder)
        processes = Processes()
        with folder.held() if processes.rank == 0 else nullcontext():
            finished = _train_or_leave_together(request, processes)
    except ValueError as error:
        sys.exit(f"error: {error}")
    processes.close()
    if not finished:
        sys.exit(STOPPED)


def _train_or_leave_together(request: StageRequest, processes: Processes) -> bool:
    """Train. Where numbers stop being numbers every process comes here at once; one says why."""
    try:
        return train_stage(request, processes)
    except NotFiniteError:
        processes.close()
        if processes.rank != 0:
            sys.exit(1)
        raise


def train_stage(request: StageRequest, processes: Processes) -> bool:
    """Train, or go on training, until the stage's steps are done and its receipt is written.

    Returns:
        False where SIGTERM or SIGINT stopped it before its end; a checkpoint was then saved.

    Raises:
        NotFiniteError: a loss, a gradient or a weight is no finite number; no bad weight was saved.
    """
    torch.set_num_threads(request.deepspeed.threads_per_process)
    make_repeatable(request.stage.seed)
    stop = StopSignal()
    clips = ClipDataset(request.training_set.train, request.recipe, request.network.motion, request.stage.seed)
    engine, checkpoint = _start(request, processes)
    slow = slow_precision(request.deepspeed, processes.device.type == "cuda", torch.cpu.get_capabilities())
    if slow and processes.rank == 0:
        print(f"warning: {slow}", flush=True)
    start = checkpoint.step if checkpoint else 0
    report = StageReport(request, engine, start, checkpoint.facts["history"] if checkpoint else [])
    try:
        return _train_on(engine, clips, request, report, stop)
    except NotFiniteError:
        report.failed()
        raise


def _train_on(engine: Engine, clips: ClipDataset, request: StageRequest, report: StageReport, stop: StopSignal) -> bool:
    """Every step that is left."""
    steps = request.stage.steps
    for done in range(report.start + 1, steps + 1):
        report.after_step(done, _update(engine, clips, request, done - 1))
        stopping = done < steps and engine.processes.any_rank(stop.requested)
        if stopping or (done < steps and done % request.training.checkpoint_every_steps == 0):
            _save(engine, request, done, report)
        if stopping:
            report.stopped(done)
            return False
    _finish(engine, request, report)
    return True


def _start(request: StageRequest, processes: Processes) -> tuple[Engine, Checkpoint | None]:
    """The network under DeepSpeed: from the newest intact checkpoint, else from the parent's or the given weights.

    Weights go in before DeepSpeed makes its fp32 masters from them.
    """
    folder = request.folder.path / "checkpoints"
    intact = newest_intact(folder) if processes.rank == 0 else None
    step = processes.number_from_rank_zero(intact.step if intact else -1)
    checkpoint = open_checkpoint(folder, step) if step >= 0 else None
    if checkpoint:
        request.check_continues(checkpoint)
    engine = Engine(network_to_train(request, checkpoint), processes, request.deepspeed, request.training)
    if checkpoint:
        engine.load_moments(checkpoint.tensors, checkpoint.step)
    return engine, checkpoint


def _update(engine: Engine, clips: ClipDataset, request: StageRequest, step: int) -> Tensor:
    """One optimizer step; returns the mean losses of this process's clips, in the order of LOSSES."""
    per_process = request.training.micro_batch_per_process
    seen: MicroBatches = []
    for micro in range(request.training.gradient_accumulation):
        first = (micro * engine.processes.world_size + engine.processes.rank) * per_process
        place = Place(step, micro, range(first, first + per_process))
        batch = on_device(_streams_of(request, clips.batch(place, request.clips_per_step)), engine.processes.device)
        losses = batch_loss(engine.network, batch, request.recipe, request.training.attention, request.stage.seed)
        seen.append((batch, _as_tensor(losses)))
        engine.backward(losses.total)
        if len(seen) == request.training.gradient_accumulation:
            check_losses(request, engine, step + 1, seen)
        if not engine.step(learning_rate(request.stage, step)):
            raise refused_update(request, engine, step + 1, seen)
    return sum((losses_K for _, losses_K in seen), torch.zeros_like(seen[0][1])) / len(seen)


def _streams_of(request: StageRequest, batch: TrainingBatch) -> TrainingBatch:
    """The batch without what an arm without co-generation must not see."""
    if request.training.co_generation:
        return batch
    return replace(batch, hoi_BCThw=None, conditions=replace(batch.conditions, hoi_text_BLD=None))


def _as_tensor(losses: Losses) -> Tensor:
    return torch.stack([getattr(losses, name).detach().float() for name in LOSSES])


def _save(engine: Engine, request: StageRequest, done: int, report: StageReport) -> None:
    """A resume checkpoint: every process takes part in gathering, rank 0 writes."""
    check_state(request, engine, done)
    state = engine.full_state()
    if engine.processes.rank == 0:
        facts = {"identity": request.identity(), "history": report.history}
        save_checkpoint(request.folder.path / "checkpoints", done, state, facts, request.training.keep_checkpoints)
    else:
        deque(state, maxlen=0)


def _finish(engine: Engine, request: StageRequest, report: StageReport) -> None:
    """Consolidated weights and the receipt, the latter last of all."""
    check_state(request, engine, request.stage.steps)
    weights, low_rank = engine.full_weights(), request.training.low_rank
    if engine.processes.rank == 0:
        weights = merged(weights, low_rank) if low_rank else weights
        report.finish(weights)


if __name__ == "__main__":
    main(sys.argv[1])
