"""Is each frame a clean picture: MUSIQ (the paper's IQ), and NIQE where its weights are not at hand.

NIQE notices blur. Noise misleads it: generated videos are smoother than photographs, and noise brings them nearer.
"""

from evaluation.measuring.kinds import VideoMetric, roles

METRICS = {
    "image_quality_musiq": VideoMetric(
        title="image quality (MUSIQ)",
        unit="share",
        direction="higher_is_better",
        version=1,
        valid_on=("filmed",),
        backend="musiq",
        series="quality",
        paper="IQ",
        roles=roles("MUSIQ of each frame, a hundredth of its points"),
    ),
    "image_quality_niqe_proxy": VideoMetric(
        title="unnaturalness of the picture (NIQE, a stand-in)",
        unit="NIQE",
        direction="lower_is_better",
        version=1,
        proxy=True,
        licence="BSD-3-Clause",
        weights_sha256="269cd2d5fe4cfaae441882b106ea849bbb0a27c17176a3ea3aed9bbe2f3dfb5f",
        valid_on=("filmed",),
        notices=("blurred",),
        backend="natural_scenes",
        series="niqe",
        paper="IQ",
        roles=roles(
            "distance of each frame's local statistics from natural pictures'; noise on a smooth video lowers it"
        ),
    ),
}
