"""The metrics that ask the network itself: held-out x0 error of its streams, and the router's picks."""

import json
from collections.abc import Sequence
from pathlib import Path

from evaluation.contracts import EvaluationConfig, Metric
from evaluation.held_out import ExamClip, conditions_of, target_latents
from evaluation.metrics.catalogue import measured, not_measured
from evaluation.metrics.latent_error import mean_square, stream_errors
from evaluation.metrics.routing import routing_scores
from model.artifact.rgb_artifact import load_weights
from model.contracts import REGIONS, NetworkConfig, RecipeConfig
from model.flow_matching import router_labels
from model.network.dual_stream_transformer import DualStreamTransformer

X0_RGB = "x0_error_rgb_ratio_to_repeat"
X0_HOI: tuple[str, ...] = ("x0_error_hoi_ratio_to_repeat", "x0_error_hoi_ratio_to_first_frame")
ROUTING = ("routing_accuracy", "routing_accuracy_baseline", *(f"routing_recall_{region}" for region in REGIONS))


def load_dual_stream(weights: Path, artifact: Path) -> DualStreamTransformer:
    """Stage two's network with both streams, shaped as the artifact that was exported from it says."""
    configs = json.loads((artifact / "network.json").read_text())
    network = DualStreamTransformer(
        NetworkConfig.model_validate(configs["network"]), RecipeConfig.model_validate(configs["recipe"]), streams="dual"
    )
    load_weights(network, weights)
    return network.eval().requires_grad_(False)


def measure_network(
    network: DualStreamTransformer, clips: Sequence[ExamClip], config: EvaluationConfig
) -> list[Metric]:
    """All network metrics, of either kind of network; the RGB stream alone says nothing of the HOI stream."""
    answers = {clip.clip_id: measure_clip(network, clip, config) for clip in clips}
    metrics = [_collected(X0_RGB, answers)]
    for name in X0_HOI:
        gone = not_measured(name, "stage two's weights are not at hand")
        metrics.append(gone if network.streams == "rgb" else _collected(name, answers))
    for name in ROUTING:
        none = not_measured(name, "the network has no experts")
        metrics.append(_collected(name, answers) if network.recipe.experts else none)
    return metrics


def measure_clip(network: DualStreamTransformer, clip: ExamClip, config: EvaluationConfig) -> dict[str, float]:
    """Metric name -> value of one clip."""
    rgb_CThw, hoi_CThw = target_latents(clip), clip.fields["hoi_CThw"]
    person_C1hw = clip.fields["rgb_CThw"][:, :1]
    found = stream_errors(
        network, conditions_of([clip]), rgb_CThw[None], hoi_CThw[None], config.noise_levels, config.seed
    )
    values = {X0_RGB: found.rgb / mean_square(rgb_CThw - person_C1hw)}
    if found.hoi is not None:
        still = (person_C1hw, hoi_CThw[:, :1])
        values |= {name: found.hoi / mean_square(hoi_CThw - x) for name, x in zip(X0_HOI, still, strict=True)}
    if len(found.picks_MIN):
        labels_MIN = router_labels(clip.fields["regions_N"]).expand_as(found.picks_MIN)
        scores = routing_scores(found.picks_MIN.numpy(), labels_MIN.numpy())
        values |= {f"routing_{name}": score for name, score in scores.items() if name != "always_base"}
        values["routing_accuracy_baseline"] = scores["always_base"]
    return values


def _collected(name: str, answers: dict[str, dict[str, float]]) -> Metric:
    return measured(name, {clip: values[name] for clip, values in answers.items()})
