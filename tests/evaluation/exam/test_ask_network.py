"""x0 errors and routing of a real, small dual-stream network."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from evaluation.contracts import Metric
from evaluation.exam.ask_network import ask_network
from evaluation.exam.held_out import EvaluationClip
from evaluation.measure import measure
from evaluation.measuring.clip import MeasuredClip
from evaluation.measuring.network_answer import NetworkAnswer
from model.contracts import NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer

NOISE_LEVELS, SEED = (0.3, 0.9), 1


@pytest.fixture
def network(small: NetworkConfig) -> DualStreamTransformer:
    file = Path(__file__).parents[3] / "conf/recipe/paper.yaml"
    torch.manual_seed(0)
    shape = small.model_copy(update={"audio_layers": 1, "motion": False})
    return DualStreamTransformer(shape, RecipeConfig.model_validate(yaml.safe_load(file.read_text()))).eval()


def _network_metrics(network: DualStreamTransformer, clips: list[EvaluationClip]) -> dict[str, Metric]:
    measured = [MeasuredClip(clip.clip_id, network=ask_network(network, clip, NOISE_LEVELS, SEED)) for clip in clips]
    blank = {clip.clip_id: np.zeros((3, 16, 16, 3), np.uint8) for clip in clips}
    metrics = measure(measured, {"model": blank}, {"hoi_stream": "stage two's weights are not at hand"})
    return {name: metric for name, metric in metrics.items() if name.startswith(("x0_", "routing_"))}


def test_every_clip_gets_every_number(network: DualStreamTransformer, clips: list[EvaluationClip]) -> None:
    metrics = _network_metrics(network, clips)
    assert len(metrics) == 8
    for name in metrics:
        if name.startswith("x0_"):
            assert set(metrics[name].per_clip) == {clip.clip_id for clip in clips}
    assert 0 <= (metrics["routing_accuracy"].value or 0) <= 1


def test_the_same_exam_twice_gives_the_same_numbers(
    network: DualStreamTransformer, clips: list[EvaluationClip]
) -> None:
    assert _network_metrics(network, clips) == _network_metrics(network, clips)


def test_a_clip_does_not_depend_on_the_clips_beside_it(
    network: DualStreamTransformer, clips: list[EvaluationClip]
) -> None:
    name = "x0_error_rgb_ratio_to_repeat"
    alone = _network_metrics(network, clips[:1])[name].per_clip["clip_0"]
    assert _network_metrics(network, clips)[name].per_clip["clip_0"] == alone


def _answer(network: DualStreamTransformer, clip: EvaluationClip, *noise_levels: float) -> NetworkAnswer:
    return ask_network(network, clip, noise_levels, SEED)


def test_error_vanishes_with_the_noise_under_velocity_prediction(
    network: DualStreamTransformer, clips: list[EvaluationClip]
) -> None:
    assert _answer(network, clips[0], 0.001).rgb_error < 1e-4
    assert _answer(network, clips[0], 0.9).rgb_error > 0.1


def test_picks_have_one_row_a_noise_level(network: DualStreamTransformer, clips: list[EvaluationClip]) -> None:
    answer = _answer(network, clips[0], 0.2, 0.5, 0.8)
    assert answer.picks_MIN.shape == answer.labels_MIN.shape == (2, 3, 12)


def test_the_rgb_stream_alone_gives_the_same_numbers_and_none_of_the_hoi_stream(
    network: DualStreamTransformer, clips: list[EvaluationClip]
) -> None:
    alone = DualStreamTransformer(network.network, network.recipe, streams="rgb").eval()
    alone.load_state_dict({name: value for name, value in network.state_dict().items() if "hoi_" not in name})
    both = _network_metrics(network, clips)
    for name, metric in _network_metrics(alone, clips).items():
        if name.startswith("x0_error_hoi"):
            assert (metric.value, metric.note) == (None, "stage two's weights are not at hand")
        else:
            assert metric.per_clip == pytest.approx(both[name].per_clip, rel=1e-5)
