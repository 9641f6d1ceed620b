"""Smooth as the paper has it: cosine of consecutive frames' CLIP features."""

from evaluation.backends.clip_features import LIBRARIES, ClipFeatures
from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Answer
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Video
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv"
SETTINGS = ("weights.clip",)
INPUTS = ("video",)


class ClipFrames:
    """See Backend."""

    def __init__(self, config: ScoringConfig) -> None:
        self.features = ClipFeatures(config)

    @property
    def measured_by(self) -> MeasuredBy:
        return measured_by("CLIP", LIBRARIES, "MIT", [self.features.folder], self.features.device)

    def measure(self, video: Video) -> Answer:
        if len(video.frames) < 2:
            raise ValueError("has one frame: smoothness needs two")
        features_TD = self.features(video.frames)
        cosines = (features_TD[1:] * features_TD[:-1]).sum(dim=1).tolist()
        return Answer(per_frame={"consecutive_cosine": [None, *cosines]})


def build(config: ScoringConfig) -> ClipFrames:
    return ClipFrames(config)
