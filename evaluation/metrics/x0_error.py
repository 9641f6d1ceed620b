"""Held-out x0 error of the streams, against repeating a reference.

At each noise level the clean latents are noised, the network predicts them, and the squared distance is set against the
distance of a picture that simply stands still. Never rank models by this alone: a low error at low noise says nothing
about samples drawn from pure noise.

Shape legend: C latent channels, T latent frames, h w latent size.
"""

from evaluation.measuring.clip import Frames, MeasuredClip, Need, given
from evaluation.measuring.kinds import ClipMetric, Measure, roles
from evaluation.measuring.network_answer import mean_square


def _rgb_to_repeat(clip: MeasuredClip, _: Frames) -> float:
    answer = given(clip.network)
    return answer.rgb_error / mean_square(answer.rgb_CThw - answer.person_C1hw)


def _hoi_to_repeat(clip: MeasuredClip, _: Frames) -> float:
    answer = given(clip.network)
    return given(answer.hoi_error) / mean_square(answer.hoi_CThw - answer.person_C1hw)


def _hoi_to_first_frame(clip: MeasuredClip, _: Frames) -> float:
    answer = given(clip.network)
    return given(answer.hoi_error) / mean_square(answer.hoi_CThw - answer.hoi_CThw[:, :1])


def _metric(title: str, measure: Measure, description: str, *needs: Need) -> ClipMetric:
    return ClipMetric(
        title=title,
        unit="ratio",
        direction="lower_is_better",
        version=1,
        needs=("network", *needs),
        measure=measure,
        roles=roles(description),
    )


METRICS = {
    "x0_error_rgb_ratio_to_repeat": _metric(
        "ratio of the picture's denoising error to a still one's",
        _rgb_to_repeat,
        "held-out x0 error of the RGB stream as a share of repeating the person reference latent",
    ),
    "x0_error_hoi_ratio_to_repeat": _metric(
        "ratio of the structure's denoising error to a still one's",
        _hoi_to_repeat,
        "held-out x0 error of the HOI stream as a share of repeating the person reference latent",
        "hoi_stream",
    ),
    "x0_error_hoi_ratio_to_first_frame": _metric(
        "ratio of the structure's denoising error to its first frame's",
        _hoi_to_first_frame,
        "the same as a share of repeating the clip's own first HOI latent frame, a harder baseline",
        "hoi_stream",
    ),
}
