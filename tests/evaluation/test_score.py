"""Any videos scored without a registry or a configuration: what is given decides what is measured."""

import math
from pathlib import Path

import numpy as np
import pytest

from evaluation.catalogue import families
from evaluation.exam.held_out import EvaluationClip
from evaluation.score import score


def test_videos_alone(clips: list[EvaluationClip]) -> None:
    scores = score([clip.frames() for clip in clips])
    assert set(scores.means) == {"motion_smoothness_pixel_cosine"}
    assert len(scores.per_video["motion_smoothness_pixel_cosine"]) == len(clips)
    assert scores.not_measured["psnr_db"] == "needs the true clip"
    assert scores.not_measured["hand_error_px_embedded_locator"].startswith("needs the boxes")
    assert families().keys() <= scores.means.keys() | scores.not_measured.keys()


def test_files_against_their_truth_with_all_that_is_known(clips: list[EvaluationClip]) -> None:
    records = [clip.record for clip in clips]
    videos = [clip.folder / record.video for clip, record in zip(clips, records, strict=True)]
    scores = score(
        [clip.frames() // 2 for clip in clips],
        truth=videos,
        audio=[str(clip.folder / clip.record.audio) for clip in clips],
        boxes=[record.boxes for record in records],
        person=[clip.person() for clip in clips],
        product=[clip.folder / (clip.record.product_image or "") for clip in clips],
    )
    assert 3 < scores.means["psnr_db"] < 20
    assert scores.means["mouth_audio_correlation_truth"] > 0.7
    assert "product_retrieval_top1_colour_layout" in scores.means
    assert scores.not_measured["hand_error_px_embedded_locator"].startswith("needs a hand locator")
    assert scores.not_measured["routing_accuracy"].startswith("needs the network")
    assert scores.means["psnr_db"] == pytest.approx(np.mean(scores.per_video["psnr_db"]))


def test_a_video_without_a_value_is_nan_in_its_place(clips: list[EvaluationClip]) -> None:
    same, other = clips[0].frames(), clips[1].frames()
    values = score([same, other // 2], truth=[same, other]).per_video["psnr_db"]
    assert math.isnan(values[0])
    assert math.isfinite(values[1])


def test_what_does_not_fit_is_named(clips: list[EvaluationClip], tmp_path: Path) -> None:
    frames = clips[0].frames()
    with pytest.raises(ValueError, match="truth has 2"):
        score([frames], truth=[frames, frames])
    with pytest.raises(ValueError, match="a list of videos"):
        score(str(tmp_path / "a.mp4"))
    with pytest.raises(ValueError, match="a list of videos"):
        score([])
    with pytest.raises(ValueError, match=r"no picture: give uint8 \[T,H,W,3\]"):
        score([frames / 255])
    with pytest.raises(ValueError, match="give one size"):
        score([frames], person=[frames[0, ::2]])
    with pytest.raises(ValueError, match="cannot be compared"):
        score([frames], truth=[frames[1:]])
