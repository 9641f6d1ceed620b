"""A user's ONNX file: its size is kept or asked for, its points become a share, and a wrong file is named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluation.backends.config import ScoringConfig, WeightsConfig
from evaluation.backends.contracts import Answer
from evaluation.backends.tools.musiq import build
from evaluation.backends.video import Frames

onnx = pytest.importorskip("onnx", reason="make setup-extras installs onnx and onnxruntime")
pytest.importorskip("onnxruntime")


def brightness(file: Path, *size: int | str) -> Path:
    """A network that gives a hundred times a picture's mean, and takes pictures of this size."""
    from onnx import TensorProto, helper

    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, *size])
    points = helper.make_tensor_value_info("points", TensorProto.FLOAT, [1])
    hundred = helper.make_tensor("hundred", TensorProto.FLOAT, [1], [100.0])
    mean = helper.make_node("ReduceMean", ["picture"], ["mean"], keepdims=0)
    times = helper.make_node("Mul", ["mean", "hundred"], ["points"])
    graph = helper.make_graph([mean, times], "toy", [picture], [points], [hundred])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)
    return file


@pytest.mark.parametrize("size", [("h", "w"), (16, 12)])
def test_points_become_a_share(
    size: tuple[int | str, ...], answer: Callable[..., Answer], moving: Frames, tmp_path: Path
) -> None:
    tool = build(ScoringConfig(weights=WeightsConfig(musiq=str(brightness(tmp_path / "m.onnx", *size)))))
    values = answer(tool, moving).per_frame["quality"]
    assert values == pytest.approx([frame.mean() / 255 for frame in moving], abs=0.01)
    assert np.ptp(values) < 0.1
    assert tool.measured_by.weights_sha256


def test_a_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_text("no network")
    with pytest.raises(ValueError, match=r"scoring.weights.musiq: .*m.onnx is no ONNX network"):
        build(ScoringConfig(weights=WeightsConfig(musiq=str(tmp_path / "m.onnx"))))
