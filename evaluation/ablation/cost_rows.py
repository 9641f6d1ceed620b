"""What the arms cost as rows for people, each against the network without experts, and the paper's number beside it."""

from evaluation.ablation.contracts import REFERENCE, AblationCost, ArmCost
from evaluation.ablation.published import INFERENCE_COST

COST_COLUMNS = [
    "arm",
    "parameters at inference",
    "GFLOP a training step",
    "GFLOP a clip",
    "against no MoE",
    "seconds a clip",
    "against no MoE",
    "at the published size, TFLOP a pass",
    "against no MoE",
    "published",
]


def cost_rows(cost: AblationCost) -> list[list[str]]:
    """An arm a row."""
    reference = cost.arms[REFERENCE]
    costs: dict[str, float] = dict(INFERENCE_COST) | {REFERENCE: INFERENCE_COST["no_moe"]}
    return [_row(one, reference, costs[arm]) for arm, one in cost.arms.items()]


def _row(one: ArmCost, reference: ArmCost, published: float) -> list[str]:
    training = "–" if one.training_gigaflops is None else f"{one.training_gigaflops:.1f}"
    pairs = (
        (one.inference_gigaflops, reference.inference_gigaflops, ".2f"),
        (one.inference_seconds, reference.inference_seconds, ".3f"),
        (one.published_size_teraflops, reference.published_size_teraflops, ".0f"),
    )
    ratios = [text for value, of, form in pairs for text in (format(value, form), f"{value / of:.2f}x")]
    return [one.name, f"{one.parameters:,}", training, *ratios, f"{published:.2f}x"]
