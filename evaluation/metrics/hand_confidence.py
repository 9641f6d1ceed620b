"""Do hands look like hands: how sure a pose network is of them (the paper's HQ)."""

from evaluation.measuring.kinds import VideoMetric, roles

METRICS = {
    "hand_confidence_dwpose": VideoMetric(
        title="confidence in the hands (DWPose)",
        unit="share",
        direction="higher_is_better",
        version=1,
        licence="Apache-2.0",
        valid_on=("filmed",),
        backend="dwpose_hands",
        series="hand_confidence",
        paper="HQ",
        roles=roles("mean confidence of DWPose's hand landmarks over all frames"),
    ),
    "hand_confidence_mediapipe_proxy": VideoMetric(
        title="confidence in the hands (MediaPipe, a stand-in)",
        unit="share",
        direction="higher_is_better",
        version=1,
        proxy=True,
        licence="Apache-2.0",
        weights_sha256="1bf241f162bbd23ab1aaf837c375a3072d30bdb24782764baed307675085518b",
        valid_on=("filmed",),
        notices=("warped_hands",),
        backend="hands",
        series="hand_confidence",
        paper="HQ",
        roles=roles("how sure MediaPipe's landmark network is of the two surest hands of each frame; 0 without a hand"),
    ),
}
