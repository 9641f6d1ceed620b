"""Measure videos with one backend, in the environment that has its packages; evaluation.backends.launch starts it.

    python -m evaluation.backends.run_backend NAME JOB.json

JOB.json is a Job. Each clip's Outcome is written as soon as it is there, so that a crash costs the clip at work alone.
"""

import math
import sys
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Answer, Backend, Outcome, PassingError
from evaluation.backends.video import Video, VideoClip
from foundation.by_name import load_choice
from foundation.failures import full_disk_named
from foundation.plain_faults import one_line
from foundation.progress import report_progress
from foundation.whole_file import write_whole

BACKENDS = "evaluation.backends.tools"


class Job(BaseModel, frozen=True, extra="forbid"):
    """Clips to measure, and the file of each one's Outcome."""

    config: ScoringConfig
    clips: list[VideoClip]
    outcomes: list[str]


def run(name: str, job: Job) -> None:
    """Write every clip's outcome.

    Raises:
        ValueError: the backend itself cannot be loaded.
    """
    backend: Backend = load_choice(BACKENDS, name).build(job.config)
    for number, (clip, file) in enumerate(zip(job.clips, job.outcomes, strict=True)):
        report_progress(number, len(job.clips), f"{name}: {clip.clip_id}")
        with full_disk_named(Path(file).parent):
            write_whole(Path(file), measured(backend, clip).model_dump_json())
    report_progress(len(job.clips), len(job.clips), f"{name}: done")


def measured(backend: Backend, clip: VideoClip) -> Outcome:
    """What the backend says of a clip; what it cannot measure is a fault of this clip alone."""
    try:
        answer = backend.measure(Video(clip))
    except (
        ValueError,
        ArithmeticError,
        RuntimeError,
        np.linalg.LinAlgError,
    ) as error:  # of cv2, torch, onnxruntime too
        return Outcome(
            fault=one_line(str(error)) or type(error).__name__,
            lasting=not isinstance(error, PassingError),
            measured_by=backend.measured_by,
        )
    return Outcome(answer=finite(answer), measured_by=backend.measured_by)


def finite(answer: Answer) -> Answer:
    """NaN and infinity become None: what could not be computed is no number."""
    return Answer(
        per_frame={name: [_finite(value) for value in series] for name, series in answer.per_frame.items()},
        values={name: _finite(value) for name, value in answer.values.items()},
        notes=answer.notes,
    )


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def main() -> None:
    name, file = sys.argv[1:3]
    run(name, Job.model_validate_json(Path(file).read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
