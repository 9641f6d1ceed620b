"""`graspline study` on the command line: made, reported, and one line for every mistake."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from evaluation.study.answers import Answers
from evaluation.study.contracts import ANSWERS, CRITERIA, Answer, read_study
from evaluation.study.plan import Plans
from foundation.video_writing import write_video
from orchestration.commands.main import app


@pytest.fixture
def methods(tmp_path: Path) -> list[str]:
    for shade, name in enumerate(("ours", "theirs")):
        for clip in range(2):
            frames = np.full((4, 32, 24, 3), 60 * shade + clip, np.uint8)
            write_video(tmp_path / name / f"{clip}.mp4", frames, 25.0)
    return [f"--method={name}={tmp_path / name}" for name in ("ours", "theirs")]


def test_created_answered_and_reported(tmp_path: Path, methods: list[str]) -> None:
    folder, called = tmp_path / "study", CliRunner()
    made = called.invoke(app, ["study", "create", "tea", *methods, "--out", str(folder)])
    assert made.exit_code == 0, made.output
    assert "2 methods on 2 clips" in made.output
    assert "4 questions: 2 that count, 1 again, 1 with a damaged copy" in made.output
    study = read_study(folder)
    answers = Answers(folder / ANSWERS, study.digest)
    for question in Plans(study).of(answers.number_of("anna")):
        ranks = tuple(2 if slot == min(question.slots) else 1 for slot in question.slots)
        answers.store(
            [
                Answer(rater="anna", question=question.number, criterion=name, ranks=ranks, seconds=1)
                for name in CRITERIA
            ]
        )
    told = called.invoke(app, ["study", "report", str(folder)])
    assert told.exit_code == 0, told.output
    assert "1 of 1 raters" in told.output
    assert "is ahead, but not surely" in told.output
    assert (folder / "report.html").is_file()
    assert (folder / "report.csv").is_file()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["report", "nowhere"], "make the study with `graspline study create`"),
        (["serve", "nowhere", "--port", "0"], "make the study with `graspline study create`"),
        (["serve", "no/where"], "cannot be a name"),
    ],
)
def test_a_mistake_is_one_line(words: list[str], reason: str) -> None:
    result = CliRunner().invoke(app, ["study", *words])
    assert result.exit_code == 1
    assert reason in result.stderr
    assert result.stderr.strip().count("\n") == 0
