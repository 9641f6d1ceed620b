"""Throw many odd and hostile deliveries at scratch projects: each must be taken in rightly, or refused by name.

Deterministic: the same seed and number is the same delivery. Every case meets an empty project; nothing outside it may
change or come in, and nothing may hang. One scratch project and one worker a processor; a worker that hangs or dies is
replaced, and the case that it hung or died over is its verdict.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from foundation.child_process import Server, end_server, start_server
from orchestration.commands.torture.scratch import deliver_base, make_scratch
from orchestration.commands.torture.worker import LOG, OVERRIDES, Verdict, case_of, read_verdicts
from orchestration.configuration.load_config import load_config

PATIENCE_SECONDS = 180  # for one delivery of three small clips
LOOK_SECONDS = 0.5

OnVerdict = Callable[[Verdict], None]


def torture_deliveries(folder: Path, count: int, seed: int, workers: int, on_verdict: OnVerdict) -> list[Verdict]:
    """Run `count` cases in scratch projects below `folder`, which must be empty.

    Returns:
        One verdict a case, in order; `on_verdict` is called as they come, from a thread.
    """
    data = load_config(OVERRIDES).data
    deliver_base(folder, data.batches[data.train_batches[0]], data.clip)

    def serve(worker: int) -> list[Verdict]:
        scratch = folder / str(worker)
        make_scratch(scratch)
        return _serve(scratch, seed, list(range(worker, count, workers)), on_verdict)

    with ThreadPoolExecutor(workers) as pool:
        verdicts = [verdict for served in pool.map(serve, range(workers)) for verdict in served]
    return sorted(verdicts, key=lambda verdict: verdict.number)


def _serve(folder: Path, seed: int, numbers: list[int], on_verdict: OnVerdict) -> list[Verdict]:
    """The verdicts on these cases, in order."""
    verdicts: list[Verdict] = []
    while left := numbers[len(verdicts) :]:
        server = start_server(["-m", "orchestration.commands.torture.worker", str(folder), str(seed), *map(str, left)])
        try:
            for verdict in _follow(folder, server, len(left)):
                verdicts.append(verdict)
                on_verdict(verdict)
            if len(verdicts) < len(numbers):
                verdicts.append(_lost(folder, server, seed, numbers[len(verdicts)]))
                on_verdict(verdicts[-1])
        finally:
            end_server(server)
    return verdicts


def _follow(folder: Path, server: Server, wanted: int) -> Iterator[Verdict]:
    """The verdicts of one worker as it writes them, until it has all, ends, or takes too long over one."""
    seen, since = 0, time.monotonic()
    while seen < wanted and time.monotonic() - since < PATIENCE_SECONDS:
        ended = server.poll() is not None
        for verdict in read_verdicts(folder)[seen:]:
            seen, since = seen + 1, time.monotonic()
            yield verdict
        if ended:
            return
        time.sleep(LOOK_SECONDS)


def _lost(folder: Path, server: Server, seed: int, number: int) -> Verdict:
    """The verdict on a case over which the worker hung or died."""
    kind, case = case_of(seed, number)
    if server.poll() is None:
        return Verdict(number, kind, case.story, "hung", "", f"no answer in {PATIENCE_SECONDS} s")
    log = (folder / LOG).read_text(encoding="utf-8", errors="replace")
    return Verdict(number, kind, case.story, "crashed", log[-2000:], "an exception that nobody turned into a message")
