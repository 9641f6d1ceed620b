"""Throw many odd and hostile deliveries at scratch projects: each must be taken in rightly, or refused by name.

Deterministic: the same seed and number is the same delivery. Every case meets an empty project; nothing outside it may
change or come in, and nothing may hang. One scratch project and one worker a processor.
"""

import os
import signal
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path
from queue import Empty, SimpleQueue

from orchestration.load_config import load_config
from orchestration.torture.scratch import make_scratch
from orchestration.torture.worker import OVERRIDES, Pipe, Verdict, case_of, work

PATIENCE_SECONDS = 180  # for one delivery of three small clips
END_SECONDS = 20

OnVerdict = Callable[[int, Verdict], None]


def torture_deliveries(folder: Path, count: int, seed: int, workers: int, on_verdict: OnVerdict) -> list[Verdict]:
    """Run `count` cases in scratch projects below `folder`, which must be empty.

    Returns:
        One verdict a case, in order; `on_verdict` is called as they come, from a thread.
    """
    clip = load_config(OVERRIDES).data.clip
    numbers: SimpleQueue[int] = SimpleQueue()
    for number in range(count):
        numbers.put(number)
    verdicts: dict[int, Verdict] = {}

    def keep(number: int, verdict: Verdict) -> None:
        verdicts[number] = verdict
        on_verdict(number, verdict)

    def serve(worker: int) -> None:
        make_scratch(folder / str(worker), clip)
        while not numbers.empty():
            _serve(folder / str(worker), seed, numbers, keep)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(serve, range(workers)))
    return [verdict for _, verdict in sorted(verdicts.items())]


def _serve(folder: Path, seed: int, numbers: SimpleQueue[int], keep: OnVerdict) -> None:
    """Give one worker cases until none is left, or until it is no more."""
    with _worker(folder, seed) as (process, pipe):
        while process.exitcode is None:
            try:
                number = numbers.get_nowait()
            except Empty:
                return
            keep(number, _ask(process, pipe, number) or _died(folder, seed, number, process))


def _ask(process: SpawnProcess, pipe: Pipe, number: int) -> Verdict | None:
    """The worker's answer; None where it hangs or dies over it."""
    pipe.send(number)
    try:
        return pipe.recv() if pipe.poll(PATIENCE_SECONDS) else None
    except EOFError:
        process.join()
        return None


def _died(folder: Path, seed: int, number: int, process: SpawnProcess) -> Verdict:
    """The verdict on a case over which the worker hung or died; it is gone after this."""
    kind, case = case_of(seed, number)
    hung = process.exitcode is None
    _end(process)
    if hung:
        return Verdict(kind, case.story, "hung", "", f"no answer in {PATIENCE_SECONDS} s")
    log = (folder / "worker.log").read_text(encoding="utf-8", errors="replace")
    return Verdict(kind, case.story, "crashed", log[-2000:], "an exception that nobody turned into a message")


@contextmanager
def _worker(folder: Path, seed: int) -> Generator[tuple[SpawnProcess, Pipe]]:
    """A worker, in a process group of its own, and the pipe to it."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_begin, args=(folder, seed, there))
    process.start()
    there.close()
    try:
        yield process, here
        if process.exitcode is None:
            here.send(None)
            process.join(END_SECONDS)
    finally:
        _end(process)


def _begin(folder: Path, seed: int, pipe: Pipe) -> None:
    """The worker's first act: its own group, its output in a file."""
    os.setsid()
    with (folder / "worker.log").open("w", encoding="utf-8") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    work(folder, seed, pipe)


def _end(process: SpawnProcess) -> None:
    """End the worker and all that it started."""
    if process.exitcode is None:
        os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()
