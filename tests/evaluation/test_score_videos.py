"""Scoring files: per clip, per frame, over the clips; what fails is named and counts in no mean."""

from pathlib import Path

import numpy as np
import pytest

from evaluation.backends.config import ScoringConfig, WeightsConfig
from evaluation.backends.launch import settings_missing
from evaluation.backends.video import VideoClip
from evaluation.catalogue import require_metrics
from evaluation.contracts import VideoKind
from evaluation.score_table import COLUMNS, NOT_MEASURED, PUBLISHED, detail_rows, table_one
from evaluation.score_videos import score_videos, video_metrics
from foundation.by_name import choices
from foundation.pictures import write_image
from foundation.video_writing import write_video


@pytest.fixture
def clips(tmp_path: Path) -> list[VideoClip]:
    """A video that moves, a black one, one of a single frame, one of another size and rate that is no video."""
    y, x = np.indices((128, 96))
    ground = (120 + 90 * np.sin(x / 5) * np.cos(y / 7)).astype(np.uint8)
    moving = np.stack([np.roll(ground, step, axis=1) for step in range(8)])[..., None].repeat(3, axis=3)
    write_video(tmp_path / "moving.mp4", moving, 25)
    write_video(tmp_path / "black.mp4", np.zeros((8, 64, 64, 3), np.uint8), 30)
    write_video(tmp_path / "one.mp4", moving[:1], 25)
    (tmp_path / "broken.mp4").write_bytes((tmp_path / "moving.mp4").read_bytes()[:900])
    return [
        VideoClip(clip_id=name, video=str(tmp_path / f"{name}.mp4")) for name in ("moving", "black", "one", "broken")
    ]


def test_what_fails_is_named_and_the_mean_rests_on_the_others(clips: list[VideoClip], tmp_path: Path) -> None:
    metrics = score_videos(clips, ScoringConfig(), lambda _: None, ["flow_warp"], tmp_path / "kept")
    flicker = metrics["flicker_flow_warp_proxy"]
    assert set(metrics) == {"flicker_flow_warp_proxy", "interpolation_error_flow_proxy"}
    assert flicker.per_clip.keys() == {"moving", "black"}
    assert flicker.count == 2
    assert flicker.value == pytest.approx(sum(flicker.per_clip.values()) / 2)
    assert len(flicker.per_frame["moving"]) == 8
    assert flicker.per_frame["moving"][0] is None
    assert "has one frame" in flicker.failures["one"]
    assert "broken.mp4" in flicker.failures["broken"]
    assert "2 of 4 clips have no value" in flicker.note
    assert flicker.measured_by is not None
    assert flicker.measured_by.device == "cpu"


def test_a_metric_outside_its_validity_says_so(clips: list[VideoClip], tmp_path: Path) -> None:
    def note(shows: VideoKind) -> str:
        config = ScoringConfig(shows=shows)
        return score_videos(clips[:1], config, print, ["flow_warp"], tmp_path / "kept")["flicker_flow_warp_proxy"].note

    assert "outside its validity: it was shown to carry signal on filmed videos" in note("studio")
    assert "validity" not in note("filmed")


def test_what_is_not_configured_stays_visible(clips: list[VideoClip], tmp_path: Path) -> None:
    metrics = score_videos(clips, ScoringConfig(), print, ["clip_aesthetic", "vlm_questions"], tmp_path / "kept")
    assert metrics["aesthetic_clip_laion"].value is None
    assert metrics["aesthetic_clip_laion"].note.startswith("not measured: set scoring.weights.clip")
    rows = table_one(metrics, video_metrics(), "mine")
    assert [row[0] for row in rows[:7]] == [f"{name} (published)" for name in PUBLISHED]
    own = dict(zip(("method", *COLUMNS), rows[7], strict=True))
    assert own["AES"] == own["VLM-QA"] == NOT_MEASURED
    assert (
        "set scoring.vlm.address" in next(row for row in detail_rows(metrics, video_metrics()) if "vlm" in row[0])[-1]
    )


def test_weights_that_are_configured_and_not_there_stop_before_anything_is_measured(
    clips: list[VideoClip], tmp_path: Path
) -> None:
    config = ScoringConfig(weights=WeightsConfig(musiq=str(tmp_path / "gone.onnx")))
    with pytest.raises(ValueError, match=r"scoring.weights.musiq names .*gone.onnx"):
        score_videos(clips, config, print, remembered=tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_every_video_metric_names_a_backend_and_its_proxies_say_so() -> None:
    for name, metric in video_metrics().items():
        assert metric.backend in choices("evaluation.backends.tools")
        assert metric.proxy == name.endswith("_proxy")
        assert metric.proxy or not metric.paper or metric.paper in COLUMNS
    assert {metric.paper for metric in video_metrics().values()} == {*COLUMNS, ""}


def test_no_rule_of_a_gate_stands_on_what_no_exam_measures() -> None:
    with pytest.raises(ValueError, match="which `graspline score` measures and no exam"):
        require_metrics(["face_similarity_dlib_proxy"], ["true"])


@pytest.mark.end_to_end
def test_the_offline_stand_ins_name_what_a_video_lacks(clips: list[VideoClip], tmp_path: Path) -> None:
    if why := settings_missing("hands", ScoringConfig()):
        pytest.skip(why)
    write_image(tmp_path / "white.png", np.full((64, 64, 3), 255, np.uint8))
    known = {"person": str(tmp_path / "white.png"), "product": str(tmp_path / "white.png")}
    given = [
        clips[0].model_copy(update=known),
        clips[1],
        clips[0].model_copy(update={"clip_id": "no", "person": "no.png"}),
    ]
    metrics = score_videos(given, ScoringConfig(), lambda _: None, remembered=tmp_path / "kept")
    faces, hands = metrics["face_similarity_dlib_proxy"], metrics["hand_confidence_mediapipe_proxy"]
    assert faces.value is hands.value is None
    assert faces.failures == {
        "moving": "no face was found in the person reference: give a picture that shows the face",
        "black": "needs a person reference",
        "no": "its person is missing: no.png is not there",
    }
    assert hands.failures["black"] == "no hand was found in any of 8 frames"
    assert "all white" in metrics["product_efficientnet_proxy"].failures["moving"]
    assert "has no sound" in metrics["mouth_sound_correlation_proxy"].failures["moving"]
    assert "too small" in metrics["image_quality_niqe_proxy"].failures["black"]
    assert metrics["cut_probability_transnetv2"].count == 3
