"""Annotators run in an environment of their own; what is missing or fails is said in one line."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from data.annotators.annotations import CLIP, Annotations, read_annotations, write_annotations
from data.annotators.config import ANNOTATORS, TASKS, AnnotationConfig
from data.annotators.launch import AnnotationError, annotate, python_of
from data.contracts import FrameBoxes
from foundation.video_writing import write_video


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_video(tmp_path / CLIP, np.full((5, 32, 32, 3), 90, np.uint8), 25.0, lossless=True)
    return tmp_path


def test_a_missing_environment_names_the_command_that_makes_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.annotators.launch.ROOT", folder)
    with pytest.raises(ValueError, match=r"environment \.venv-annotators is missing: run `make setup-annotators`"):
        annotate(folder, AnnotationConfig())


def test_a_folder_without_a_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"rgb\.mp4 is missing"):
        annotate(tmp_path, AnnotationConfig())


def test_a_tool_that_fails_is_told_with_its_last_words(folder: Path) -> None:
    """MediaPipe is asked for in the environment that does not have it."""
    config = AnnotationConfig.model_validate({"pose": {"kind": "mediapipe", "environment": ".venv"}})
    with pytest.raises(AnnotationError, match=r"pose ended with exit code 1: .*No module named 'mediapipe'"):
        annotate(folder, config, tasks=["pose"])
    assert read_annotations(folder) is None


def test_a_task_whose_forerunner_is_missing_says_which(folder: Path) -> None:
    config = AnnotationConfig.model_validate({"structure": {"kind": "mesh", "environment": ".venv"}})
    with pytest.raises(AnnotationError, match=r"product_mask\.npz is missing: run the task product_mask first"):
        annotate(folder, config, tasks=["structure"])


def test_a_tool_is_chosen_by_its_name() -> None:
    config = AnnotationConfig.model_validate({"product_mask": {"kind": "sam3", "environment": ".venv", "weights": "w"}})
    assert config.tool("product_mask").environment == ".venv"
    assert {config.tool(task).environment for task in TASKS if task != "product_mask"} == {ANNOTATORS}
    assert AnnotationConfig.model_validate({"structure": "silhouette"}).structure.kind == "silhouette"
    with pytest.raises(ValidationError, match="product_mask"):
        AnnotationConfig.model_validate({"product_mask": "sam4"})


def test_annotations_come_back_as_they_were_written(tmp_path: Path) -> None:
    boxes = {frame: FrameBoxes(face=(1, 2, 3, 4)) if frame < 4 else FrameBoxes() for frame in range(8)}
    written = Annotations(frames=8, height=32, width=32, frames_per_second=25.0, boxes=boxes)
    write_annotations(tmp_path, written)
    found = read_annotations(tmp_path)
    assert found == written
    assert (found.share("face"), found.share("product")) == (0.5, 0.0)
    assert sorted(found.supervised_boxes()) == [2, 6]


def test_the_interpreter_is_the_environments_own() -> None:
    assert python_of(".venv").parent.name == "bin"
