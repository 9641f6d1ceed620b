"""`conf/scoring`: where the weights of full-size metrics lie, who is asked about pictures, how many processes work.

Nothing here is fetched. Without a value the metric that needs it is "not measured", with this field's name; a
value that names something missing is an error before anything is measured. Pure pydantic and light:
orchestration reads it too.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from evaluation.contracts import VideoKind
from foundation.bounds import Few, PathText, Trimmed, above

VLM_KEY = "GRASPLINE_VLM_KEY"  # environment variable with the endpoint's key; keys stand in no file
ENVIRONMENTS = (".venv", ".venv-annotators")


class WeightsConfig(BaseModel, frozen=True, extra="forbid"):
    """A user's own weight files; null: not measured."""

    clip: PathText | None = None  # folder: CLIP ViT-L/14, as save_pretrained writes it
    laion_head: PathText | None = None  # safetensors: LAION's aesthetic head on that CLIP
    dinov2: PathText | None = None  # folder: DINOv2, as save_pretrained writes it
    musiq: PathText | None = None  # ONNX: a picture -> 0..100
    arcface: PathText | None = None  # ONNX: an aligned face of 112 x 112 -> features
    syncnet: PathText | None = None  # folder: face.onnx and sound.onnx
    dwpose: PathText | None = None  # folder: yolox_l.onnx and dw-ll_ucoco_384.onnx


class VlmConfig(BaseModel, frozen=True, extra="forbid"):
    """Who answers the questions of VLM-QA: any endpoint that speaks OpenAI's chat protocol."""

    address: Trimmed | None = None  # as in http://127.0.0.1:8000/v1; null: not measured
    model: Trimmed = "Qwen/Qwen2.5-VL-7B-Instruct"
    frames: Few = 8  # of the video, evenly spread, that the model is shown
    timeout_seconds: Annotated[float, above(0, 3_600)] = 60.0  # for one answer


class ScoringConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/scoring/*.yaml."""

    processes: Few = 2
    shows: VideoKind = "filmed"  # what the videos show; metrics that were never shown to carry signal there say so
    device: Annotated[str, StringConstraints(pattern=r"^(cpu|cuda(:\d{1,2})?)$")] = "cpu"
    weights: WeightsConfig = WeightsConfig()
    vlm: VlmConfig = VlmConfig()

    def missing(self, setting: str) -> str:
        """Why a metric that needs `setting` (`weights.clip`) cannot be measured; "" where it can.

        Raises:
            ValueError: it is set, and what it names is not there.
        """
        group, _, field = setting.partition(".")
        value = getattr(getattr(self, group), field)
        if value is None:
            return f"set scoring.{setting}"
        if group == "weights" and not Path(value).exists():
            raise ValueError(f"scoring.{setting} names {value}, which is not there: put the weights there, or say null")
        return ""
