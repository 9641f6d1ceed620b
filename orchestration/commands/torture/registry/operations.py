"""What is done to a scratch registry, and where it is broken off: by SIGKILL, at a named point or a random instant."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Literal, NamedTuple

from orchestration.commands.torture.registry.scratch import Release, registered, told
from orchestration.configuration.load_config import PipelineConfig
from orchestration.registry.succession import Succession
from orchestration.steps.decisions import Decider

Operation = Literal["register", "approve", "promote", "refuse", "rollback"]
OPERATIONS: tuple[Operation, ...] = ("register", "approve", "promote", "refuse", "rollback")
# (event, function) at which a process kills itself: before and after every step that leaves something behind
POINTS = (
    ("call", "_upload"),
    ("call", "_keep_receipts"),
    ("return", "_keep_receipts"),
    ("return", "_assert_arrived"),
    ("return", "make_registered_model"),
    ("return", "MlflowClient.create_model_version"),
    ("call", "Ledger._insert"),
    ("return", "Ledger._insert"),
    ("return", "Ledger.append"),
    ("call", "Succession.follow"),
    ("call", "ModelRegistry.set_aliases"),
    ("return", "MlflowClient.set_registered_model_alias"),
    ("call", "ModelRegistry.set_head"),
    ("return", "ModelRegistry.set_head"),
)
OF_REGISTER = POINTS[:6]
OF_DECISION = POINTS[6:]


class Order(NamedTuple):
    """One operation and when it is broken off; neither: it ends by itself."""

    operation: Operation
    version: str
    point: tuple[str, str] | None = None
    instant_seconds: float | None = None


def carry_out(config: PipelineConfig, order: Order, release: Release, at: float = 0.0) -> str:
    """Do it in this process, which may die; what came of it in a line. `at`: time to begin, for a race."""
    while time.time() < at:
        pass
    if order.point:
        _die_at(*order.point)
    if order.instant_seconds is not None:
        threading.Timer(order.instant_seconds, _die).start()
    try:
        return _carried_out(config, order, release)
    except ValueError as error:
        return told(error)
    finally:
        sys.setprofile(None)


def _carried_out(config: PipelineConfig, order: Order, release: Release) -> str:
    decider, version = Decider(config, lambda _line: None, _bytes_alone), order.version
    decisions: dict[Operation, Callable[[], Any]] = {
        "approve": lambda: decider.approve(version, "torture"),
        "promote": lambda: decider.promote(version, "torture", despite_gate=True),
        "refuse": lambda: decider.refuse(version, "torture"),
        "rollback": lambda: decider.rollback("torture"),
    }
    if order.operation == "register":
        return f"ok version {registered(config.tracking, release).version}"
    return f"ok {decisions[order.operation]().champion_version}"


def _bytes_alone(succession: Succession, version: str, digest: str, _log: object) -> None:
    """As `verify_release`, without running the proof of what is no model here."""
    succession.models.assert_intact(version, digest)


def _die_at(event: str, function: str) -> None:
    """Kill this process where a function of that name is entered or left."""

    def watch(frame: FrameType, what: str, _argument: Any) -> None:
        if what == event and frame.f_code.co_qualname == function:
            _die()

    sys.setprofile(watch)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
