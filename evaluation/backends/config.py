"""`conf/scoring`: where the weights of full-size metrics lie, who is asked about pictures, how many processes work.

Nothing here is fetched. Without a value the metric that needs it is "not measured", with this field's name; a
value that names something missing is an error before anything is measured. Pure pydantic and light:
orchestration reads it too.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from foundation.bounds import Few, PathText, Trimmed, above
from foundation.fingerprint import DoesNotDecide

SCORED_ONLY = DoesNotDecide("`graspline score` alone reads it; no exam and no model is made of it")
VLM_KEY = "GRASPLINE_VLM_KEY"  # environment variable with the endpoint's key; keys stand in no file
ENVIRONMENTS = (".venv", ".venv-annotators")


class WeightsConfig(BaseModel, frozen=True, extra="forbid"):
    """A user's own weight files; null: not measured."""

    clip: Annotated[PathText | None, SCORED_ONLY] = None  # folder: CLIP ViT-L/14, as save_pretrained writes it
    laion_head: Annotated[PathText | None, SCORED_ONLY] = None  # safetensors: LAION's aesthetic head on that CLIP
    dinov2: Annotated[PathText | None, SCORED_ONLY] = None  # folder: DINOv2, as save_pretrained writes it
    musiq: Annotated[PathText | None, SCORED_ONLY] = None  # ONNX: a picture -> 0..100
    arcface: Annotated[PathText | None, SCORED_ONLY] = None  # ONNX: an aligned face of 112 x 112 -> features
    syncnet: Annotated[PathText | None, SCORED_ONLY] = None  # folder: face.onnx and sound.onnx
    dwpose: Annotated[PathText | None, SCORED_ONLY] = None  # folder: yolox_l.onnx and dw-ll_ucoco_384.onnx


class VlmConfig(BaseModel, frozen=True, extra="forbid"):
    """Who answers the questions of VLM-QA: any endpoint that speaks OpenAI's chat protocol."""

    address: Annotated[Trimmed | None, SCORED_ONLY] = None  # as in http://127.0.0.1:8000/v1; null: not measured
    model: Annotated[Trimmed, SCORED_ONLY] = "Qwen/Qwen2.5-VL-7B-Instruct"
    frames: Annotated[Few, SCORED_ONLY] = 8  # of the video, evenly spread, that the model is shown
    timeout_seconds: Annotated[float, above(0, 3_600), SCORED_ONLY] = 60.0  # for one answer


class ScoringConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/scoring/*.yaml."""

    processes: Annotated[Few, SCORED_ONLY] = 2
    device: Annotated[str, StringConstraints(pattern=r"^(cpu|cuda(:\d{1,2})?)$"), SCORED_ONLY] = "cpu"
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
