"""The one map over clips or other items: processes on one machine, or Ray (`make setup-extras`) on many.

The same function and the same jobs give the same results in the same order however they are spread; the jobs of a
machine that was lost are done again elsewhere. With Ray every machine must see the project at the same path (shared
storage), since the work is on files.
"""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeVar

from foundation.failures import ClipError
from foundation.parent_watch import end_with_parent

MapKind = Literal["processes", "ray"]
Job = TypeVar("Job")
Result = TypeVar("Result")
Handle = TypeVar("Handle")
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # read when Ray is imported: its servers then stay on 127.0.0.1
AHEAD = 8  # jobs handed out for each that can run at once: nobody waits, and no more results than these pile up


@dataclass(frozen=True)
class Spread:
    """Where the work on a batch's clips runs. It never decides a byte of the result."""

    kind: MapKind = "processes"
    processes: int = 1  # on this machine; Ray: where it starts a cluster of its own
    ray_address: str | None = None  # of a running Ray cluster; None: Ray on this machine alone
    gpus_a_clip: float = 0  # Ray, where its machines have GPUs: how much of one the work on a clip takes


def map_items(
    work: Callable[[Job], Result], jobs: Sequence[Job], spread: Spread
) -> Generator[Result | ClipError, None, None]:
    """The result of `work` for each job, in the jobs' order; a clip that cannot be used comes back as its ClipError.

    Args:
        work: a function of a module, which leaves the same files and returns the same however often it is called.
        jobs: picklable.
        spread: processes or Ray, and how many.

    Raises:
        ValueError: Ray is asked for and not installed. Whatever else `work` raises ends the map.
    """
    if spread.kind == "ray":
        yield from _by_ray(work, jobs, spread)
    elif spread.processes == 1 or len(jobs) < 2:
        yield from (_tried(work, job) for job in jobs)
    else:
        yield from _by_processes(work, jobs, spread.processes)


def _tried(work: Callable[[Job], Result], job: Job) -> Result | ClipError:
    try:
        return work(job)
    except ClipError as error:
        return error


def _by_processes(
    work: Callable[[Job], Result], jobs: Sequence[Job], processes: int
) -> Generator[Result | ClipError, None, None]:
    start = multiprocessing.get_context("fork")  # a child has the parent's modules at once: torch alone takes seconds
    pool = ProcessPoolExecutor(min(processes, len(jobs)), mp_context=start, initializer=end_with_parent)
    try:
        yield from _in_order(lambda job: pool.submit(_tried, work, job), lambda done: done.result(), jobs, processes)
    finally:
        pool.shutdown(cancel_futures=True)


def _by_ray(
    work: Callable[[Job], Result], jobs: Sequence[Job], spread: Spread
) -> Generator[Result | ClipError, None, None]:
    with _ray(spread) as ray:
        resources = ray.cluster_resources()
        gpus = spread.gpus_a_clip if resources.get("GPU") else 0
        # spread: over all machines; retries: the jobs of a lost machine are done again, however often
        options = {"num_cpus": 1, "num_gpus": gpus, "max_retries": -1, "scheduling_strategy": "SPREAD"}
        remote = ray.remote(**options)(_in_project)
        root = str(Path.cwd())
        yield from _in_order(lambda job: remote.remote(root, work, job), ray.get, jobs, int(resources.get("CPU", 1)))


def _in_project(root: str, work: Callable[[Job], Result], job: Job) -> Result | ClipError:
    """On a machine of the cluster: paths are relative to the project."""
    os.chdir(root)
    return _tried(work, job)


def _in_order(
    submit: Callable[[Job], Handle], result: Callable[[Handle], Result], jobs: Iterable[Job], at_once: int
) -> Generator[Result, None, None]:
    handed_out: deque[Handle] = deque()
    for job in jobs:
        handed_out.append(submit(job))
        if len(handed_out) == AHEAD * at_once:
            yield result(handed_out.popleft())
    while handed_out:
        yield result(handed_out.popleft())


@contextmanager
def _ray(spread: Spread) -> Generator[Any, None, None]:
    """Ray, joined where a cluster runs already, else started on loopback and stopped again. Its telemetry is off."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"  # work that takes no GPU hides none from the process
    if spread.ray_address is None:
        os.environ.update(LOOPBACK)
    try:
        ray: Any = import_module("ray")
    except ModuleNotFoundError as error:
        raise ValueError("data.map=ray needs Ray: run `make setup-extras`, or say data.map=processes") from error
    if ray.is_initialized():
        yield ray
        return
    quiet = {"logging_level": "ERROR", "log_to_driver": False}
    if spread.ray_address is None:
        own = {"num_cpus": spread.processes, "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        ray.init(address="local", **own, **quiet)
    else:
        ray.init(address=spread.ray_address, **quiet)
    try:
        yield ray
    finally:
        ray.shutdown()
