"""What the benchmarks have in common: rows of a table, and seconds that can be compared."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch


@dataclass(frozen=True)
class Measured:
    """One contender; ratios are to the first contender of the table."""

    name: str
    seconds: float | None = None
    seconds_ratio: float | None = None
    peak_mib: float | None = None
    peak_ratio: float | None = None
    teraflops: float | None = None
    flops_ratio: float | None = None


def interleaved_seconds(
    contenders: dict[str, Callable[[], object]], repeats: int, device: torch.device
) -> dict[str, float]:
    """Median seconds; contenders take turns, so that a busy machine is busy for all of them.

    On a CPU these are the process's own processor seconds: what its neighbours do hardly counts.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            started = _clock(device)
            run()
            if turn > 0:  # the first turn warms up
                seconds[name].append(_clock(device) - started)
    return {name: median(values) for name, values in seconds.items()}


def bench_device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _clock(device: torch.device) -> float:
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()
