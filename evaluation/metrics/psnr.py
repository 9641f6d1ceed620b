"""Peak signal-to-noise ratio of a clip against the truth: a plain fidelity number, not a measure of interaction."""

import numpy as np

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric, roles


def psnr_db(clip: MeasuredClip, frames_THW3: Frames) -> float:
    """PSNR in dB over the whole clip (one mean squared error for all frames); infinite for equal clips."""
    from skimage.metrics import peak_signal_noise_ratio

    with np.errstate(divide="ignore"):
        return float(peak_signal_noise_ratio(given(clip.truth)[GENERATED], frames_THW3[GENERATED], data_range=255))


METRICS = {
    "psnr_db": ClipMetric(
        title="likeness to the true frames (PSNR)",
        unit="dB",
        direction="higher_is_better",
        version=1,
        valid_on=("studio", "filmed"),  # arithmetic against the truth, whatever it shows
        needs=("truth",),
        headline=True,
        measure=psnr_db,
        roles=roles("PSNR of the generated frames against the true ones", "prompt_shuffled", "baseline", "ceiling"),
    )
}
