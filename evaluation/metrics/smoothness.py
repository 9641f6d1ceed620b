"""Does the picture change smoothly: CLIP cosine of consecutive frames (the paper's Smooth), interpolation, flicker.

VBench's `motion_smoothness` asks whether a frame can be foretold from its neighbours, which is another thing under the
same name; here it has a name of its own.
"""

from evaluation.measuring.kinds import VideoMetric, roles

METRICS = {
    "smoothness_clip": VideoMetric(
        title="smoothness (CLIP)",
        unit="cosine",
        direction="higher_is_better",
        version=1,
        licence="MIT",
        valid_on=("filmed",),
        backend="clip_frames",
        series="consecutive_cosine",
        paper="Smooth",
        roles=roles("cosine of consecutive frames' CLIP features; a still picture scores 1"),
    ),
    "interpolation_error_flow_proxy": VideoMetric(
        title="error of frames foretold from their neighbours (a stand-in)",
        unit="levels of 255",
        direction="lower_is_better",
        version=1,
        proxy=True,
        valid_on=("filmed",),
        notices=(
            "noisy",
            "flicker",
        ),
        backend="flow_warp",
        series="interpolation_error",
        roles=roles("how far each frame is from what optical flow foretells between its neighbours"),
    ),
    "flicker_flow_warp_proxy": VideoMetric(
        title="flicker beside motion (optical flow, a stand-in)",
        unit="levels of 255",
        direction="lower_is_better",
        version=1,
        proxy=True,
        valid_on=("filmed",),
        notices=(
            "noisy",
            "flicker",
        ),
        backend="flow_warp",
        series="flow_warp_error",
        paper="Smooth",
        roles=roles("what differs between consecutive frames beside motion, by optical flow"),
    ),
}
