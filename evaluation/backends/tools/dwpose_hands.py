"""HQ: the mean confidence of DWPose's hand landmarks over all frames, by the annotator that reads its ONNX files."""

from data.annotators.config import Tool
from data.annotators.pose import dwpose
from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Answer
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Video
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("weights.dwpose",)
INPUTS = ("video",)


class DWPoseHands:
    """See Backend."""

    def __init__(self, config: ScoringConfig) -> None:
        self.pose = dwpose.build(Tool(kind="dwpose", weights=config.weights.dwpose))

    @property
    def measured_by(self) -> MeasuredBy:
        return measured_by("DWPose", ("onnxruntime", "numpy"), "Apache-2.0", [self.pose.weights])

    def measure(self, video: Video) -> Answer:
        pose = self.pose.estimate(video.frames)
        left_T, right_T = pose.left_hand_TK3[..., 2].mean(axis=1), pose.right_hand_TK3[..., 2].mean(axis=1)
        return Answer(per_frame={"hand_confidence": ((left_T + right_T) / 2).tolist()})


def build(config: ScoringConfig) -> DWPoseHands:
    return DWPoseHands(config)
