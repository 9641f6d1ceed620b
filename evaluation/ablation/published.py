"""The ablation table of the paper: CoInteract, arXiv 2604.19636, Table 3. Published, not measured here.

Its metrics are of real videos (evaluation.score_table has the paper's Table 1 of the same ones), ours of studio clips:
only the order of the arms and what inference costs can be held against each other.
"""

from model.contracts import Ablation

SOURCE = "CoInteract, arXiv 2604.19636, Table 3"
COLUMNS = ("AES", "IQ", "Smooth", "VLM-QA", "HQ", "DINO id", "DINO obj", "FaceSim", "Sync")
SCORES: dict[Ablation, tuple[float, ...]] = {
    "no_moe": (0.541, 0.736, 0.993, 0.66, 0.658, 0.659, 0.611, 0.662, 5.64),
    "no_co_generation": (0.536, 0.753, 0.991, 0.48, 0.706, 0.664, 0.597, 0.678, 5.86),
    "no_asymmetric_mask": (0.548, 0.742, 0.994, 0.76, 0.738, 0.668, 0.618, 0.689, 5.81),
    "full": (0.554, 0.749, 0.995, 0.72, 0.724, 0.671, 0.624, 0.696, 5.87),
}
INFERENCE_COST: dict[Ablation, float] = {
    "no_moe": 1.00,
    "no_co_generation": 1.04,
    "no_asymmetric_mask": 4.13,
    "full": 1.04,
}
