"""What a backend promises: a video file with its references in, series over all frames out, whatever measures.

A backend is a module in evaluation/backends/tools. It says in plain constants, which are read without importing it,

    ENVIRONMENT = ".venv-annotators"         the virtual environment that has its packages
    SETTINGS = ("weights.clip",)             what of conf/scoring it needs; ("",) for none
    INPUTS = ("video", "person")             the fields of VideoClip that it looks at; it sees no other

and has a function `build(config: ScoringConfig) -> Backend`. It runs in a child process of its own
(evaluation.backends.run_backend), so that packages which cannot live together need not, and none can take others down.

Shape legend: T frames, H W pixels, S audio samples.
"""

from typing import Protocol

from pydantic import BaseModel

from evaluation.backends.video import Video
from evaluation.contracts import MeasuredBy

Series = list[float | None]
"""A value a frame; None: this frame has none (no face, no hand)."""


class Answer(BaseModel, frozen=True, extra="forbid"):
    """What one backend measured on one video. A number that is not finite never leaves it."""

    per_frame: dict[str, Series] = {}
    values: dict[str, float | None] = {}  # of the whole clip, where it is not the mean over the frames
    notes: dict[str, str] = {}  # series or value -> why it has no number, or what to know of the one it has


class Outcome(BaseModel, frozen=True, extra="forbid"):
    """An answer, or why there is none."""

    answer: Answer | None = None
    fault: str = ""
    lasting: bool = True  # False: it may go well another time, so it is asked again
    measured_by: MeasuredBy | None = None


class PassingError(ValueError):
    """This video could not be measured now, for a reason outside it (an endpoint that is down)."""


class Backend(Protocol):
    """One tool, loaded once for all videos."""

    @property
    def measured_by(self) -> MeasuredBy: ...

    def measure(self, video: Video) -> Answer:
        """Raises:
        ValueError: this video cannot be measured; the message says why. PassingError: not now.
        """
        ...
