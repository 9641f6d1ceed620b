"""In the child: what is no number never leaves, and a clip's fault is that clip's alone."""

import math
from pathlib import Path

import pytest

from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Answer, Outcome, PassingError
from evaluation.backends.run_backend import Job, measured, run
from evaluation.backends.video import Video, VideoClip
from evaluation.contracts import MeasuredBy


class Tool:
    """A backend that says what it is given, or raises it."""

    measured_by = MeasuredBy(tool="t", version="1", licence="MIT")

    def __init__(self, says: Answer | Exception) -> None:
        self.says = says

    def measure(self, _: Video) -> Answer:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


CLIP = VideoClip(clip_id="a", video="a.mp4")


def test_nan_and_infinity_become_nothing() -> None:
    said = Answer(per_frame={"x": [1.0, math.nan, None, math.inf]}, values={"y": math.nan, "z": 2.0}, notes={"y": "n"})
    outcome = measured(Tool(said), CLIP)
    assert outcome.answer == Answer(
        per_frame={"x": [1.0, None, None, None]}, values={"y": None, "z": 2.0}, notes={"y": "n"}
    )
    assert Outcome.model_validate_json(outcome.model_dump_json()) == outcome


@pytest.mark.parametrize(("error", "lasting"), [(ValueError("no\nface"), True), (PassingError("no face"), False)])
def test_a_fault_is_said_and_kept_only_if_it_lasts(error: Exception, lasting: bool) -> None:
    outcome = measured(Tool(error), CLIP)
    assert (outcome.answer, outcome.fault, outcome.lasting) == (None, "no face", lasting)
    assert outcome.measured_by == Tool.measured_by


def test_a_fault_of_ours_is_not_taken_for_one_of_the_clip() -> None:
    with pytest.raises(AssertionError):
        measured(Tool(AssertionError()), CLIP)


def test_every_clip_gets_its_outcome_though_one_cannot_be_read(make_clip: object, tmp_path: Path) -> None:
    good = make_clip()  # type: ignore[operator]
    bad = VideoClip(clip_id="bad", video=str(tmp_path / "none.mp4"))
    files = [str(tmp_path / name) for name in ("bad.json", "good.json")]
    run("flow_warp", Job(config=ScoringConfig(), clips=[bad, good], outcomes=files))
    first, second = (Outcome.model_validate_json(Path(file).read_text()) for file in files)
    assert "none.mp4 cannot be read" in first.fault
    assert second.answer is not None
    assert len(second.answer.per_frame["flow_warp_error"]) == 6
    assert second.measured_by is not None
    assert "opencv-python-headless" in second.measured_by.libraries
