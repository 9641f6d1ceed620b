"""Challenger against champion on the same exam: paired bootstrap over the held-out clips.

Pairing by clip removes the spread between easy and hard clips; resampling clips says how far the mean difference
could be chance. Only reports of equal `exam_digest` compare: same clips, seeds and metric definitions.

Not scipy.stats.bootstrap: with the same generator it makes the same draws and means, but it refuses a single clip (the
released demo has one), and its import would take longer than the whole gate.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evaluation.contracts import Direction, EvaluationReport


@dataclass(frozen=True)
class PairedDifference:
    """How much better the challenger is on one metric; positive is better, whatever the metric's direction."""

    mean_gain: float
    probability_better: float  # share of bootstrap resamples whose mean gain is above zero
    gain_interval: tuple[float, float]  # 5 % and 95 % of the resampled mean gain
    clips: int


def require_same_exam(challenger: EvaluationReport, champion: EvaluationReport) -> None:
    """Refuse to compare two reports of different exams.

    Raises:
        ValueError: the exam digests differ.
    """
    if challenger.exam_digest != champion.exam_digest:
        raise ValueError(
            f"challenger {challenger.artifact_digest[:12]} was evaluated on exam {challenger.exam_digest[:12]}, "
            f"champion {champion.artifact_digest[:12]} on exam {champion.exam_digest[:12]}: "
            "evaluate the champion again on the challenger's held-out clips, then compare"
        )


def paired_bootstrap(
    challenger: Mapping[str, float],
    champion: Mapping[str, float],
    direction: Direction,
    resamples: int,
    seed: int = 0,
) -> PairedDifference:
    """Bootstrap the mean gain over the clips both have (Efron and Tibshirani 1993, ch. 8 and 13).

    Two equal models have gain zero in every resample, so `probability_better` is 0: never better than itself.

    Raises:
        ValueError: the two share no clip.
    """
    clips = sorted(challenger.keys() & champion.keys())
    if not clips:
        raise ValueError("challenger and champion share no clip with a value: nothing to compare")
    sign = 1.0 if direction == "higher_is_better" else -1.0
    gains = sign * np.array([challenger[clip] - champion[clip] for clip in clips])
    picks = np.random.default_rng(seed).integers(0, len(clips), size=(resamples, len(clips)))
    means = gains[picks].mean(axis=1)
    low, high = np.quantile(means, [0.05, 0.95])
    return PairedDifference(float(gains.mean()), float((means > 0).mean()), (float(low), float(high)), len(clips))
