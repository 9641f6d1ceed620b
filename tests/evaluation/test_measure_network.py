"""x0 errors and routing of a real, small dual-stream network."""

from pathlib import Path

import pytest
import torch
import yaml

from evaluation.contracts import EvaluationConfig
from evaluation.held_out import ExamClip, conditions_of
from evaluation.measure_network import ROUTING, X0_HOI, X0_RGB, measure_network
from evaluation.metrics.latent_error import stream_errors
from model.contracts import NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer

CONFIG = EvaluationConfig(held_out_clips=3, seed=1, variants=["true"], noise_levels=[0.3, 0.9], locator_steps=1)


@pytest.fixture
def network(small: NetworkConfig) -> DualStreamTransformer:
    file = Path(__file__).parents[2] / "conf/recipe/paper.yaml"
    torch.manual_seed(0)
    shape = small.model_copy(update={"audio_layers": 1, "motion": False})
    return DualStreamTransformer(shape, RecipeConfig.model_validate(yaml.safe_load(file.read_text()))).eval()


def test_every_clip_gets_every_number(network: DualStreamTransformer, clips: list[ExamClip]) -> None:
    metrics = {metric.name: metric for metric in measure_network(network, clips, CONFIG)}
    assert set(metrics) == {X0_RGB, *X0_HOI, *ROUTING}
    for name in (X0_RGB, *X0_HOI):
        assert set(metrics[name].per_clip) == {clip.clip_id for clip in clips}
    assert 0 <= (metrics["routing_accuracy"].value or 0) <= 1


def test_the_same_exam_twice_gives_the_same_numbers(network: DualStreamTransformer, clips: list[ExamClip]) -> None:
    assert measure_network(network, clips, CONFIG) == measure_network(network, clips, CONFIG)


def test_a_clip_does_not_depend_on_its_company(network: DualStreamTransformer, clips: list[ExamClip]) -> None:
    alone = measure_network(network, clips[:1], CONFIG)[0].per_clip["clip_0"]
    assert measure_network(network, clips, CONFIG)[0].per_clip["clip_0"] == alone


def test_error_vanishes_with_the_noise_under_velocity_prediction(
    network: DualStreamTransformer, clips: list[ExamClip]
) -> None:
    clean_rgb, clean_hoi = clips[0].fields["rgb_CThw"][None, :, 1:], clips[0].fields["hoi_CThw"][None]

    def error(level: float) -> float:
        return stream_errors(network, conditions_of(clips[:1]), clean_rgb, clean_hoi, [level], 0).rgb

    assert error(0.001) < 1e-4
    assert error(0.9) > 0.1


def test_picks_have_one_row_a_noise_level(network: DualStreamTransformer, clips: list[ExamClip]) -> None:
    clean_rgb, clean_hoi = clips[0].fields["rgb_CThw"][None, :, 1:], clips[0].fields["hoi_CThw"][None]
    found = stream_errors(network, conditions_of(clips[:1]), clean_rgb, clean_hoi, [0.2, 0.5, 0.8], 0)
    assert found.picks_MIN.shape == (2, 3, 12)


def test_the_rgb_stream_alone_gives_the_same_numbers_and_none_of_the_hoi_stream(
    network: DualStreamTransformer, clips: list[ExamClip]
) -> None:
    alone = DualStreamTransformer(network.network, network.recipe, streams="rgb").eval()
    alone.load_state_dict({name: value for name, value in network.state_dict().items() if "hoi_" not in name})
    both = {metric.name: metric for metric in measure_network(network, clips, CONFIG)}
    for metric in measure_network(alone, clips, CONFIG):
        if metric.name in X0_HOI:
            assert (metric.value, metric.note) == (None, "stage two's weights are not at hand")
        else:
            assert metric.per_clip == pytest.approx(both[metric.name].per_clip, rel=1e-5)
