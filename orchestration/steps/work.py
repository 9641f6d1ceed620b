"""What a step of the line is given and gives back, whoever started it: command line, schedule, sensor or UI."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pydantic import BaseModel

from orchestration.load_config import PipelineConfig


class Screen(Protocol):
    """Where a run shows what it does."""

    def begin(self, step: str, batch: str | None) -> None:
        """A step starts."""
        ...

    def line(self, text: str) -> None:
        """One line of a step's output, progress lines included."""
        ...

    def end(self, reused: bool) -> None:
        """The step is done; reused: its inputs had not changed and its result was still there."""
        ...


@dataclass(frozen=True)
class Work:
    """The order for one step: the configuration, the batch it is about, and an ear for what it says."""

    config: PipelineConfig
    say: Callable[[str], None]
    batch: str | None = None

    @property
    def batch_name(self) -> str:
        """The batch of a step that works on one."""
        assert self.batch is not None
        return self.batch


class Made(NamedTuple):
    """What a step gives back."""

    receipt: BaseModel
    reused: bool | None  # None: made of receipts alone, so it is new where its own receipt is
