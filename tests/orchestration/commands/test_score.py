"""`graspline score` and `graspline evaluate FOLDER`: what is written, what is said by clip, what stops the command."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from evaluation.backends.video import VideoClip
from evaluation.catalogue import measured, not_measured
from evaluation.references import VideoSet
from foundation.video_writing import write_video
from orchestration.commands.evaluate import references_in
from orchestration.commands.score import print_scores, score_and_print, write_scores

FLICKER = "flicker_flow_warp_proxy"


@pytest.fixture
def videos() -> VideoSet:
    return VideoSet(
        (VideoClip(clip_id="a", video="a.mp4"), VideoClip(clip_id="b", video="b.mp4")), {"c": "it is broken"}
    )


def test_the_numbers_and_both_tables_are_written(videos: VideoSet, tmp_path: Path) -> None:
    flicker = measured(FLICKER, {"a": 1.5, "b": float("nan")}, "", {"a": [None, 1.5]})
    metrics = {
        FLICKER: flicker,
        "aesthetic_clip_laion": not_measured("aesthetic_clip_laion", "set scoring.weights.clip"),
    }
    write_scores(tmp_path, videos, metrics, "mine")
    numbers = json.loads((tmp_path / "scores.json").read_text())
    assert numbers["metrics"][FLICKER]["count"] == 1
    assert numbers["metrics"][FLICKER]["per_frame"] == {"a": [None, 1.5]}
    assert numbers["metrics"]["aesthetic_clip_laion"]["value"] is None
    assert numbers["refused"] == {"c": "it is broken"}
    table = (tmp_path / "table.md").read_text()
    assert "| CoInteract (published) | 0.554 |" in table
    assert "1.5 (1)" in table
    assert "set scoring.weights.clip" in table


def test_what_failed_is_said_by_clip(videos: VideoSet, capsys: pytest.CaptureFixture[str]) -> None:
    metric = measured(FLICKER, {"a": 1.5, "b": float("nan")}).model_copy(update={"failures": {"b": "has one frame"}})
    print_scores(Console(width=200), videos, {FLICKER: metric}, "mine")
    said = capsys.readouterr().out
    assert "clip c is not scored: it is broken" in said
    assert f"clip b counts not in {FLICKER}: has one frame" in said


def test_a_weight_file_that_is_not_there_stops_the_command(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", np.zeros((2, 32, 32, 3), np.uint8), 25)
    with pytest.raises(ValueError, match=r"scoring.weights.clip names nowhere"):
        score_and_print(Console(), tmp_path, None, tmp_path / "out", ["scoring.weights.clip=nowhere"])


def test_the_table_that_lies_with_the_videos(tmp_path: Path) -> None:
    assert references_in(tmp_path) is None
    (tmp_path / "one.csv").write_text("video\n")
    assert references_in(tmp_path) == tmp_path / "one.csv"
    (tmp_path / "two.csv").write_text("video\n")
    with pytest.raises(ValueError, match=r"holds one.csv, two.csv: name one"):
        references_in(tmp_path)
