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
from pathlib import Path

import torch
from torch import Tensor

from foundation.run_folder import RunFolder
from model.flow_matching import Losses
from model.training.checkpoint import Checkpoint, newest_intact, open_checkpoint, save_checkpoint
from model.training.clip_dataset import ClipDataset, Place
from model.training.deepspeed_engine import Engine, Processes
from model.training.determinism import make_repeatable
from model.training.first_weights import network_to_train
from model.training.loss_curve import LOSSES
from model.training.low_rank import merged
from model.training.stage_loss import batch_loss, on_device
from model.training.stage_order import StageOrder, learning_rate, read_order
from model.training.stage_report import StageReport
from model.training.stop_signal import StopSignal

STOPPED = 143  # what a shell reports after SIGTERM


def main(path: str) -> None:
    """Hold the run folder on rank 0 and train."""
    folder = RunFolder(Path(path))
    try:
        order = read_order(folder)
        processes = Processes()
        with folder.held() if processes.rank == 0 else nullcontext():
            finished = train_stage(order, processes)
    except ValueError as error:
        sys.exit(f"error: {error}")
    processes.close()
    if not finished:
        sys.exit(STOPPED)


def train_stage(order: StageOrder, processes: Processes) -> bool:
    """Train, or go on training, until the stage's steps are done and its receipt is written.

    Returns:
        False where SIGTERM or SIGINT stopped it before its end; a checkpoint was then saved.
    """
    steps = order.stage.steps
    torch.set_num_threads(order.deepspeed.threads_per_process)
    make_repeatable(order.stage.seed)
    stop = StopSignal()
    clips = ClipDataset(order.training_set.train, order.recipe, order.network.motion, order.stage.seed)
    engine, found = _start(order, processes)
    start = found.step if found else 0
    report = StageReport(order, engine, start, found.facts["history"] if found else [])
    for done in range(start + 1, steps + 1):
        losses = _update(engine, clips, order, done - 1)
        report.after_step(done, losses)
        stopping = done < steps and processes.any_rank(stop.requested)
        if stopping or (done < steps and done % order.training.checkpoint_every_steps == 0):
            _save(engine, order, done, report)
        if stopping:
            report.stopped(done)
            return False
    _finish(engine, order, report)
    return True


def _start(order: StageOrder, processes: Processes) -> tuple[Engine, Checkpoint | None]:
    """The network under DeepSpeed: from the newest intact checkpoint, else from the parent's or the given weights.

    Weights go in before DeepSpeed makes its fp32 masters from them.
    """
    checkpoints = order.folder.path / "checkpoints"
    intact = newest_intact(checkpoints) if processes.rank == 0 else None
    step = processes.number_from_rank_zero(intact.step if intact else -1)
    found = open_checkpoint(checkpoints, step) if step >= 0 else None
    if found:
        order.check_continues(found)
    engine = Engine(network_to_train(order, found), processes, order.deepspeed, order.training)
    if found:
        engine.load_moments(found.tensors, found.step)
    return engine, found


def _update(engine: Engine, clips: ClipDataset, order: StageOrder, step: int) -> Tensor:
    """One optimizer step; returns the mean losses of this process's clips, in the order of LOSSES."""
    per_process = order.training.micro_batch_per_process
    sums = torch.zeros(len(LOSSES), device=engine.processes.device)
    for micro in range(order.training.gradient_accumulation):
        first = (micro * engine.processes.world_size + engine.processes.rank) * per_process
        place = Place(step, micro, range(first, first + per_process))
        batch = on_device(clips.batch(place, order.clips_per_step), engine.processes.device)
        losses = batch_loss(engine.network, batch, order.recipe, order.stage.attention, order.stage.seed)
        engine.backward(losses.total)
        engine.step(learning_rate(order.stage, step))
        sums += _as_tensor(losses)
    return sums / order.training.gradient_accumulation


def _as_tensor(losses: Losses) -> Tensor:
    return torch.stack([getattr(losses, name).detach().float() for name in LOSSES])


def _save(engine: Engine, order: StageOrder, done: int, report: StageReport) -> None:
    """A resume checkpoint: every process takes part in gathering, rank 0 writes."""
    state = engine.full_state()
    if engine.processes.rank == 0:
        facts = {"identity": order.identity(), "history": report.history}
        save_checkpoint(order.folder.path / "checkpoints", done, state, facts, order.training.keep_checkpoints)
    else:
        deque(state, maxlen=0)


def _finish(engine: Engine, order: StageOrder, report: StageReport) -> None:
    """Consolidated weights and the receipt, the latter last of all."""
    weights, low_rank = engine.full_weights(), order.training.low_rank
    if engine.processes.rank == 0:
        weights = merged(weights, low_rank) if low_rank else weights
        report.finish(weights)


if __name__ == "__main__":
    main(sys.argv[1])
