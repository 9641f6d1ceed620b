"""How well the router finds the labelled regions: accuracy and recall per region.

Most tokens are `base`, so accuracy alone flatters a router that always picks `base`: read it beside that baseline.

Shape legend: M layers, I noise levels, N target tokens.
"""

from evaluation.measuring.clip import MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric, roles
from model.contracts import REGIONS


def accuracy(clip: MeasuredClip) -> float:
    """Share of tokens, over layers and noise levels, whose router picks the labelled region."""
    answer = given(clip.network)
    return float((answer.picks_MIN == answer.labels_MIN).mean())


def always_base(clip: MeasuredClip) -> float:
    """The accuracy of a router that always picks `base`."""
    return float((given(clip.network).labels_MIN == REGIONS.index("base")).mean())


def recall(clip: MeasuredClip, region: str) -> float:
    """Share of a region's tokens that are routed to it; NaN where the clip has none."""
    answer = given(clip.network)
    here_MIN = answer.labels_MIN == REGIONS.index(region)
    return float((answer.picks_MIN == answer.labels_MIN)[here_MIN].mean()) if here_MIN.any() else float("nan")


def _recall_metric(region: str) -> ClipMetric:
    return ClipMetric(
        title=f"share of {region} tokens sent to the {region} expert",
        unit="share",
        direction="higher_is_better",
        version=1,
        needs=("network", "experts"),
        measure=lambda clip, _: recall(clip, region),
        roles=roles(f"share of {region} tokens routed to {region}"),
    )


METRICS = {
    "routing_accuracy": ClipMetric(
        title="share of tokens sent to the labelled expert",
        unit="share",
        direction="higher_is_better",
        version=1,
        needs=("network", "experts"),
        measure=lambda clip, _: accuracy(clip),
        guess=lambda clip, _: always_base(clip),
        roles=roles("share of held-out target tokens whose router picks the labelled region", baseline="always base"),
    ),
    **{f"routing_recall_{region}": _recall_metric(region) for region in REGIONS},
}
