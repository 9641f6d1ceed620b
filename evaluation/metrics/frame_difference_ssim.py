"""SSIM of frame differences: do things move where, when and as they move in the true clip?

The absolute difference of two consecutive grey frames shows what moved between them. The generated clip's are compared
with the true clip's by structural similarity (Wang et al., 2004; as scikit-image, windows of 7 pixels), after a blur of
one pixel, so that an edge that is a pixel off still counts. The mean is weighted by how much the true clip changes at
each pixel: else the background, which moves in neither clip, would make a still video the best one. 1: the same motion;
near 0: none, or another. Motion invented where the true clip stands still is not seen here (`psnr_db` sees it).

Measured on the whole frame, and inside the true boxes of face, hands and product on annotated frames.

Shape legend: T frames, D = T - 2 differences of frames 1, 2 ..., H W pixels.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, Need, given
from evaluation.measuring.kinds import ClipMetric, Measure, roles

REGIONS = {"face": ("face",), "hands": ("left_hand", "right_hand"), "product": ("product",)}  # name -> boxes
BLUR_PIXELS = 1.0
WINDOW_PIXELS = 7


def whole_frame(clip: MeasuredClip, frames_THW3: Frames) -> float:
    """Over all differences; NaN where nothing moves in the true clip."""
    return _weighted(*_maps(clip, frames_THW3))


def inside(clip: MeasuredClip, frames_THW3: Frames, boxes: tuple[str, ...]) -> float:
    """Inside these boxes, from the frame before to each annotated one; NaN where no frame has one or nothing moves."""
    similarity_DHW, change_DHW = _maps(clip, frames_THW3)
    within_DHW = np.zeros_like(change_DHW)
    for frame, at in given(clip.boxes).items():
        for box in (getattr(at, name) for name in boxes):
            if box and frame >= 2:  # frame 0 is not generated, so the first difference leads to frame 2
                within_DHW[frame - 2, max(0, box[1]) : box[3] + 1, max(0, box[0]) : box[2] + 1] = 1
    return _weighted(similarity_DHW, change_DHW * within_DHW)


def differences(frames_THW3: Frames) -> NDArray[np.float64]:
    """How much the brightness of each pixel, 0..1, changes from frame to frame [D,H,W], frame 0 left out."""
    from scipy.ndimage import gaussian_filter
    from skimage.color import rgb2gray

    grey_THW = rgb2gray(frames_THW3[GENERATED])
    return np.abs(np.diff(gaussian_filter(grey_THW, sigma=(0, BLUR_PIXELS, BLUR_PIXELS)), axis=0))


def _maps(clip: MeasuredClip, frames_THW3: Frames) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return clip.once("difference_ssim", frames_THW3, partial(_computed_maps, clip))


def _computed_maps(clip: MeasuredClip, frames_THW3: Frames) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """SSIM of the window around each pixel [D,H,W], and the true clip's change there."""
    true_DHW = clip.once("differences", given(clip.truth), differences)
    return ssim_maps(differences(frames_THW3), true_DHW), true_DHW


def ssim_maps(first_DHW: NDArray[np.float64], second_DHW: NDArray[np.float64]) -> NDArray[np.float64]:
    """What scikit-image's `structural_similarity` calls the full map, of all frames at once."""
    from scipy.ndimage import uniform_filter

    smooth: Any = uniform_filter  # SciPy's own types know one size for all axes only
    local = partial(smooth, size=(1, WINDOW_PIXELS, WINDOW_PIXELS))
    sample = WINDOW_PIXELS**2 / (WINDOW_PIXELS**2 - 1)  # covariances are the sample's
    c1, c2 = 0.01**2, 0.03**2  # for values of 0..1
    mean_1, mean_2 = local(first_DHW), local(second_DHW)
    spread_1 = sample * (local(first_DHW * first_DHW) - mean_1 * mean_1)
    spread_2 = sample * (local(second_DHW * second_DHW) - mean_2 * mean_2)
    together = sample * (local(first_DHW * second_DHW) - mean_1 * mean_2)
    upper = (2 * mean_1 * mean_2 + c1) * (2 * together + c2)
    return upper / ((mean_1**2 + mean_2**2 + c1) * (spread_1 + spread_2 + c2))


def _weighted(similarity_DHW: NDArray[np.float64], weight_DHW: NDArray[np.float64]) -> float:
    total = weight_DHW.sum()
    return float((similarity_DHW * weight_DHW).sum() / total) if total > 0 else float("nan")


def _metric(title: str, description: str, measure: Measure, *needs: Need) -> ClipMetric:
    return ClipMetric(
        title=title,
        unit="SSIM",
        direction="higher_is_better",
        version=1,
        valid_on=("studio", "filmed"),  # arithmetic against the truth, whatever it shows
        needs=("truth", *needs),
        measure=measure,
        roles=roles(description, "prompt_shuffled", "audio_shuffled", "baseline", "ceiling"),
    )


METRICS = {
    "frame_difference_ssim": _metric(
        "likeness of the motion",
        "similarity of the changes from frame to frame to the true clip's, weighted by how much that changes",
        whole_frame,
    ),
    **{
        f"frame_difference_ssim_{region}": _metric(
            f"likeness of the motion ({region})",
            f"the same inside the boxes of {region}, on annotated frames",
            partial(inside, boxes=boxes),
            "boxes",
        )
        for region, boxes in REGIONS.items()
    },
}
