"""SIGTERM and SIGINT as a flag that the loop checks at the end of a step, instead of an end in the middle of one."""

import signal
from types import FrameType


class StopSignal:
    """From its making on, SIGTERM and SIGINT only set `requested`."""

    def __init__(self) -> None:
        self.requested = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
