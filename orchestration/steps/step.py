"""What a step of the pipeline is given and gives back, whoever started it: command line, schedule, sensor or UI."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pydantic import BaseModel

from foundation.names import check_name
from orchestration.configuration.load_config import PipelineConfig
from orchestration.steps.retraining import Retraining


class Display(Protocol):
    """Where a run shows what it does."""

    def begin(self, step: str, batch: str | None) -> None:
        """A step starts."""
        ...

    def log(self, line: str) -> None:
        """One line of a step's output, progress lines included."""
        ...

    def end(self, reused: bool) -> None:
        """The step is done; reused: its inputs had not changed and its result was still there."""
        ...


@dataclass(frozen=True)
class StepContext:
    """What a step works with: the configuration, where its output goes, the batch it is about, its last receipt.

    `arrivals`: the arrived batches that the run began with and took in. None: whoever started the step did not say,
    then those count that are ready.
    """

    config: PipelineConfig
    log: Callable[[str], None]
    batch: str | None = None
    previous: BaseModel | None = None  # what the same asset (and batch) gave the last time, configured alike
    arrivals: tuple[str, ...] | None = None
    retraining: Retraining | None = None  # what it is a part of; None: it is done outside the flow

    @property
    def who(self) -> str:
        """For those who wait for it."""
        return self.retraining.who if self.retraining else f"process {os.getpid()}"

    @property
    def batch_name(self) -> str:
        """The batch of a step that works on one.

        Raises:
            ValueError: it has no name for a batch; anybody may add a partition on Dagster's page.
        """
        assert self.batch is not None
        return check_name(self.batch)


class StepResult(NamedTuple):
    """What a step gives back."""

    receipt: BaseModel
    reused: bool  # nothing had to be done
