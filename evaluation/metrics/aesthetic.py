"""Is each frame pleasing: LAION's aesthetic predictor on CLIP ViT-L/14 (the paper's AES). No stand-in."""

from evaluation.measuring.kinds import VideoMetric, roles

METRICS = {
    "aesthetic_clip_laion": VideoMetric(
        title="aesthetics (LAION's predictor on CLIP)",
        unit="share",
        direction="higher_is_better",
        version=1,
        licence="MIT",
        valid_on=("filmed",),
        backend="clip_aesthetic",
        series="aesthetic",
        paper="AES",
        roles=roles("LAION's aesthetic predictor on CLIP features of each frame, a tenth of its points"),
    )
}
