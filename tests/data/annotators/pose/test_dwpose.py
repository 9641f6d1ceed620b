"""DWPose's two networks: their decoding against hand-made answers, and the whole with small ONNX files."""

from pathlib import Path

import numpy as np
import pytest

from data.annotators.contracts import Frames
from data.annotators.published import simcc, yolox
from data.annotators.published.whole_body import pose_track

pytest.importorskip("onnxruntime", reason="make setup-extras installs onnxruntime")


def answer(side: int, *people: tuple[float, float, float, float, float]) -> np.ndarray:
    """YOLOX rows in which cell (1, 1) of stride 8, (2, 2) ... answer with centre, size (in the square) and score."""
    cells_N2, strides_N1 = yolox.grid(side)
    rows_N85 = np.zeros((len(cells_N2), 85), np.float32)
    for at, (x, y, width, height, score) in enumerate(people):
        rows_N85[at, :2] = np.array([x, y]) / strides_N1[at] - cells_N2[at]
        rows_N85[at, 2:4] = np.log(np.array([width, height]) / strides_N1[at])
        rows_N85[at, 4:6] = score, 1.0
    return rows_N85


def test_people_in_pixels_of_the_picture_the_largest_first() -> None:
    rows_N85 = answer(64, (10, 10, 4, 4, 0.9), (32, 24, 20, 30, 0.6), (33, 24, 20, 30, 0.5), (30, 30, 60, 60, 0.1))
    largest, small = yolox.people(rows_N85, 64, 0.5, 0.3)
    assert largest == pytest.approx((44, 18, 84, 78), abs=1e-3)
    assert small == pytest.approx((16, 16, 24, 24), abs=1e-3)
    assert yolox.people(rows_N85, 64, 0.5, 0.95) == []


def test_the_letterbox_keeps_proportions_and_turns_colours() -> None:
    rgb_HWC = np.zeros((100, 50, 3), np.uint8)
    rgb_HWC[..., 0] = 200
    square_1CSS, scale = yolox.letterbox(rgb_HWC, 64)
    assert scale == pytest.approx(0.64)
    assert square_1CSS.shape == (1, 3, 64, 64)
    assert square_1CSS[0, :, 0, 0].tolist() == [0, 0, 200]
    assert square_1CSS[0, :, 0, 40].tolist() == [114, 114, 114]


def test_a_landmark_comes_back_from_crop_to_picture() -> None:
    rgb_HWC = np.zeros((120, 90, 3), np.uint8)
    rgb_HWC[70:74, 40:44] = 255
    seen = simcc.window((20, 30, 70, 110), 48, 36)
    picture_hw = simcc.crop(rgb_HWC, seen, 48, 36)[0].mean(0)
    row, column = np.unravel_index(picture_hw.argmax(), picture_hw.shape)
    x_1X, y_1Y = np.zeros((1, 72), np.float32), np.zeros((1, 96), np.float32)
    x_1X[0, 2 * column + 1], y_1Y[0, 2 * row + 1] = 0.8, 0.6
    x, y, confidence = simcc.landmarks(x_1X, y_1Y, seen)[0]
    assert (x, y) == pytest.approx((42, 72), abs=2.5)
    assert confidence == pytest.approx(0.6)


def test_parts_of_the_whole_body() -> None:
    landmarks_TK3 = np.arange(133, dtype=np.float32)[None, :, None].repeat(3, -1)
    pose = pose_track(landmarks_TK3)
    starts = [part[0, 0, 0] for part in (pose.body_TK3, pose.face_TK3, pose.left_hand_TK3, pose.right_hand_TK3)]
    assert starts == [0, 23, 91, 112]
    assert [pose.face_TK3.shape[1], pose.right_hand_TK3.shape[1]] == [68, 21]


def test_both_networks_on_a_clip(clip: Frames, dwpose: tuple[Path, Path]) -> None:
    from data.annotators.pose.dwpose import DWPose

    estimator = DWPose(*dwpose)
    pose = estimator.estimate(clip)
    assert pose.body_TK3.shape == (5, 17, 3)
    assert (pose.body_TK3[..., 2] > 0).any()
    assert estimator.people(clip) >= 1
    assert estimator.provenance.weights_sha256
    nobody = DWPose(*dwpose, person_threshold=2.0).estimate(clip)
    assert not nobody.face_TK3.any()


def test_a_file_that_is_no_network_is_named(tmp_path: Path, dwpose: tuple[Path, Path]) -> None:
    from data.annotators.pose.dwpose import DWPose

    with pytest.raises(ValueError, match=r"gone\.onnx is missing"):
        DWPose(tmp_path / "gone.onnx", dwpose[1])
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(ValueError, match=r"bad\.onnx is no ONNX network"):
        DWPose(dwpose[0], tmp_path / "bad.onnx")
