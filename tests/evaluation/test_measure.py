"""The picture metrics together, on drawn clips: truth is best, standing still is worst, shuffling shows."""

import numpy as np
import pytest
import torch

from evaluation.contracts import Metric
from evaluation.evaluate import REASONS
from evaluation.exam.hand_locator import HandLocator, LabelledFrames, fit_locator, locate_hands
from evaluation.exam.held_out import EvaluationClip
from evaluation.measure import Versions, measure
from evaluation.measuring.clip import MeasuredClip
from evaluation.measuring.hands import annotated_centres


def _versions(clips: list[EvaluationClip]) -> Versions:
    """A perfect model, and one that stands still as the baseline; the shuffled ones show the next clip."""
    truth = {clip.clip_id: clip.frames() for clip in clips}
    ids = list(truth)
    other = {clip_id: truth[ids[(index + 1) % len(ids)]] for index, clip_id in enumerate(ids)}
    still = {clip.clip_id: np.repeat(clip.person()[None], clip.record.frames, axis=0) for clip in clips}
    return {
        "model": truth,
        "truth": truth,
        "ceiling": truth,
        "baseline": still,
        "prompt_shuffled": other,
        "audio_shuffled": other,
    }


def _locator(clips: list[EvaluationClip]) -> HandLocator:
    frames, centres = [], []
    for clip in clips:
        annotated, centres_AK2 = annotated_centres(clip.record.boxes)
        frames.append(torch.from_numpy(clip.frames()[annotated]))
        centres.append(torch.from_numpy(centres_AK2).float())
    labelled = LabelledFrames(torch.cat(frames), torch.cat(centres))
    return fit_locator(labelled, steps=40, seed=0)


@pytest.fixture
def metrics(clips: list[EvaluationClip]) -> dict[str, Metric]:
    return _measured(clips, _versions(clips), _locator(clips))


def _measured(clips: list[EvaluationClip], versions: Versions, locator: HandLocator | None) -> dict[str, Metric]:
    known = [
        MeasuredClip(
            clip_id=clip.clip_id,
            frames_per_second=clip.record.frames_per_second,
            product_id=clip.record.product_id,
            truth=clip.frames(),
            boxes=clip.record.boxes,
            sound=clip.sound(),
            person=clip.person(),
            product=clip.product(),
            hand_locator=locator and (lambda frames: locate_hands(locator, torch.from_numpy(frames)).numpy()),
        )
        for clip in clips
    ]
    return measure(known, versions, REASONS)


def _value(metrics: dict[str, Metric], name: str) -> float:
    value = metrics[name].value
    assert value is not None
    return value


def test_the_truth_beats_standing_still(metrics: dict[str, Metric]) -> None:
    hand = "hand_error_px_embedded_locator"
    assert _value(metrics, hand) == _value(metrics, f"{hand}_truth")
    assert _value(metrics, hand) < _value(metrics, f"{hand}_baseline")
    assert _value(metrics, "hand_error_ratio_to_repeat") < 1
    assert _value(metrics, "mouth_audio_correlation") > 0.7
    assert _value(metrics, "mouth_audio_correlation_baseline") == 0
    assert _value(metrics, "psnr_db_baseline") < 30


def test_another_clips_conditions_cost(metrics: dict[str, Metric]) -> None:
    assert _value(metrics, "mouth_audio_correlation_lost_by_shuffling") > 0.2
    assert _value(metrics, "mouth_audio_correlation_audio_shuffled") < _value(metrics, "mouth_audio_correlation")


def test_every_product_is_retrieved_and_chance_is_a_third(metrics: dict[str, Metric]) -> None:
    assert _value(metrics, "product_retrieval_top1_colour_layout") == 1
    assert _value(metrics, "product_retrieval_top1_colour_layout_baseline") == pytest.approx(1 / 3)


def test_per_clip_values_name_the_clips(metrics: dict[str, Metric], clips: list[EvaluationClip]) -> None:
    assert set(metrics["mouth_audio_correlation"].per_clip) == {clip.clip_id for clip in clips}


def test_without_a_locator_hand_metrics_have_no_value(clips: list[EvaluationClip]) -> None:
    metrics = _measured(clips, _versions(clips), None)
    assert metrics["hand_error_ratio_to_repeat"].value is None
    assert "no training clip has a hand box" in metrics["hand_error_ratio_to_repeat"].note


def test_without_shuffled_samples_their_metrics_have_no_value(clips: list[EvaluationClip]) -> None:
    versions = {role: frames for role, frames in _versions(clips).items() if not role.endswith("_shuffled")}
    metrics = _measured(clips, versions, _locator(clips))
    assert metrics["hand_error_ratio_prompt_shuffled_to_true"].value is None
    assert metrics["mouth_audio_correlation_lost_by_shuffling"].value is None
    assert "mouth_audio_correlation_audio_shuffled" not in metrics


def test_one_product_alone_cannot_be_retrieved(clips: list[EvaluationClip]) -> None:
    metrics = _measured(clips[:1], {"model": {"clip_0": clips[0].frames()}}, None)
    note = metrics["product_retrieval_top1_colour_layout"].note
    assert note == "fewer than two held-out clips have a product reference"


def test_what_was_not_given_is_named(clips: list[EvaluationClip]) -> None:
    metrics = measure([MeasuredClip("clip_0")], {"model": {"clip_0": clips[0].frames()}})
    assert metrics["psnr_db"].note == "needs the true clip"
    assert metrics["routing_accuracy"].note == "needs the network itself, not only its videos"
    assert metrics["motion_smoothness_pixel_cosine"].value is not None


def test_frames_of_another_shape_than_the_truth_are_refused(clips: list[EvaluationClip]) -> None:
    versions = {**_versions(clips), "model": {clip.clip_id: clip.frames()[1:] for clip in clips}}
    with pytest.raises(ValueError, match=r"clip clip_0, model: frames .* cannot be compared"):
        _measured(clips, versions, None)
