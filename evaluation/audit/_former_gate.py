"""The comparison that this gate replaced, kept as the yardstick of the audit: points and one bootstrap.

One video a clip; the hands must be better in 90 % of 2,000 resamples of the clips, and no guarded mean may be worse by
more than a margin, without regard to how sure that is. It decides nothing but a column of the audit's tables.
"""

import numpy as np

from evaluation.contracts import EvaluationReport

RESAMPLES, CONFIDENCE = 2000, 0.9
MUST_IMPROVE = "hand_error_px_embedded_locator"
MAY_LOSE = {
    "mouth_audio_correlation": 0.05,
    "product_retrieval_top1_colour_layout": 0.13,
    "x0_error_rgb_ratio_to_repeat": 0.03,
}


def passes(challenger: EvaluationReport, champion: EvaluationReport) -> bool:
    """Whether it would have promoted the challenger, floors aside."""
    if any(_gains(challenger, champion, name).mean() < -loss for name, loss in MAY_LOSE.items()):
        return False
    gains = _gains(challenger, champion, MUST_IMPROVE)
    picks = np.random.default_rng(0).integers(0, len(gains), size=(RESAMPLES, len(gains)))
    return bool(gains.mean() > 0 and (gains[picks].mean(axis=1) > 0).mean() >= CONFIDENCE)


def _gains(challenger: EvaluationReport, champion: EvaluationReport, name: str) -> np.ndarray:
    new, old = challenger.metrics[name], champion.metrics[name]
    sign = 1 if new.direction == "higher_is_better" else -1
    return sign * np.array([new.per_clip[clip] - old.per_clip[clip] for clip in sorted(new.per_clip)])
