"""A published tool chosen in the configuration: found, run in its own environment as a child, recorded."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from data.annotators import clip_files
from data.annotators.config import AnnotationConfig, Tool
from data.annotators.contracts import Frames, PoseTrack, build
from data.annotators.launch import annotate, python_of
from foundation.video_writing import write_video


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="dwpose has no weights: set `weights: FOLDER`"):
        build("pose", Tool(kind="dwpose"))
    with pytest.raises(ValueError, match=r"nowhere is no folder: download .*yolox_l\.onnx"):
        build("pose", Tool(kind="dwpose", weights=str(tmp_path / "nowhere")))


@pytest.mark.end_to_end
def test_dwpose_and_sam3_annotate_a_clip(
    tmp_path: Path, clip: Frames, pose: PoseTrack, dwpose: tuple[Path, Path], sam3: Path
) -> None:
    weights = tmp_path / "dwpose"
    weights.mkdir()
    for file, name in zip(dwpose, ("yolox_l.onnx", "dw-ll_ucoco_384.onnx"), strict=True):
        shutil.copyfile(file, weights / name)
    folder = tmp_path / "clip"
    folder.mkdir()
    write_video(folder / "rgb.mp4", clip, 25, lossless=True)
    environment = ".venv"
    python_of(environment)
    config = AnnotationConfig.model_validate(
        {
            "pose": {"kind": "dwpose", "environment": environment, "weights": str(weights)},
            "product_mask": {"kind": "sam3", "environment": environment, "weights": str(sam3)},
        }
    )
    annotations = annotate(folder, config, print, ["pose", "product_mask"])
    assert clip_files.read_pose(folder).body_TK3.shape == (5, 17, 3)
    assert clip_files.read_mask(folder).shape == clip.shape[:3]
    assert {name: found.tool for name, found in annotations.provenance.items()} == {
        "pose": "dwpose",
        "product_mask": "sam3 video",
    }
    assert all(found.weights_sha256 for found in annotations.provenance.values())
    assert np.isfinite(clip_files.read_pose(folder).face_TK3).all()
