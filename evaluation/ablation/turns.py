"""Seconds that can be compared: contenders take turns in one process."""

import time
from collections.abc import Callable, Mapping
from statistics import median

import torch


def interleaved_seconds(
    contenders: Mapping[str, Callable[[], object]], repeats: int, device: torch.device
) -> dict[str, float]:
    """Median seconds; contenders take turns, so that a busy machine is busy for all of them.

    On a CPU these are the process's own processor seconds: what its neighbours do hardly counts.
    """
    return {name: median(values) for name, values in turns(contenders, repeats, device).items()}


def turns(contenders: Mapping[str, Callable[[], object]], repeats: int, device: torch.device) -> dict[str, list[float]]:
    """Each contender's seconds, turn by turn; the same turn of two contenders lay side by side."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            started = _clock(device)
            run()
            if turn > 0:  # the first turn warms up
                seconds[name].append(_clock(device) - started)
    return seconds


def measuring_device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _clock(device: torch.device) -> float:
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()
