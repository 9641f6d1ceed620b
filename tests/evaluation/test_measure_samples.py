"""The picture metrics together, on drawn clips: truth is best, standing still is worst, shuffling shows."""

import numpy as np
import pytest
import torch

from evaluation.contracts import Metric
from evaluation.held_out import ExamClip
from evaluation.measure_samples import Versions, measure_samples
from evaluation.metrics.hand_error import annotated_centres
from evaluation.metrics.hand_locator import HandLocator, LabelledFrames, fit_locator


def _versions(clips: list[ExamClip]) -> Versions:
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


def _locator(clips: list[ExamClip]) -> HandLocator:
    frames, centres = [], []
    for clip in clips:
        annotated, centres_AK2 = annotated_centres(clip.record.boxes)
        frames.append(torch.from_numpy(clip.frames()[annotated]))
        centres.append(torch.from_numpy(centres_AK2).float())
    labelled = LabelledFrames(torch.cat(frames), torch.cat(centres))
    return fit_locator(labelled, labelled, steps=40, seed=0)


@pytest.fixture
def metrics(clips: list[ExamClip]) -> dict[str, Metric]:
    return {metric.name: metric for metric in measure_samples(clips, _versions(clips), _locator(clips))}


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


def test_per_clip_values_name_the_clips(metrics: dict[str, Metric], clips: list[ExamClip]) -> None:
    assert set(metrics["mouth_audio_correlation"].per_clip) == {clip.clip_id for clip in clips}


def test_without_a_locator_hand_metrics_have_no_value(clips: list[ExamClip]) -> None:
    found = {metric.name: metric for metric in measure_samples(clips, _versions(clips), None)}
    assert found["hand_error_ratio_to_repeat"].value is None
    assert "no training clip has a hand box" in found["hand_error_ratio_to_repeat"].note


def test_without_shuffled_samples_their_metrics_have_no_value(clips: list[ExamClip]) -> None:
    versions = {role: frames for role, frames in _versions(clips).items() if not role.endswith("_shuffled")}
    found = {metric.name: metric for metric in measure_samples(clips, versions, _locator(clips))}
    assert found["hand_error_ratio_prompt_shuffled_to_true"].value is None
    assert found["mouth_audio_correlation_lost_by_shuffling"].value is None
    assert "mouth_audio_correlation_audio_shuffled" not in found
