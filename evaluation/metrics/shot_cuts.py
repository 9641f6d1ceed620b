"""Is it one take: the probability that TransNetV2 gives to the likeliest cut."""

from evaluation.measuring.kinds import VideoMetric, roles

METRICS = {
    "cut_probability_transnetv2": VideoMetric(
        title="likeliest cut (TransNetV2)",
        unit="share",
        direction="lower_is_better",
        version=1,
        licence="MIT",
        weights_sha256="a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de",
        valid_on=("filmed",),
        backend="shot_cuts",
        series="cut_probability",
        roles=roles("probability of the likeliest cut inside the video; whole takes reach 0.03"),
    )
}
