"""AES: LAION's aesthetic predictor, linear layers without activations on CLIP ViT-L/14's unit features; /10.

Its weights are published as a pickle, which is not read here: save its tensors as safetensors once, under their names
(`layers.0.weight` ... of the MLP, or `weight` and `bias` of the linear one).
"""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from evaluation.backends.clip_features import LIBRARIES, ClipFeatures
from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Answer
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Video
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv"
SETTINGS = ("weights.clip", "weights.laion_head")
INPUTS = ("video",)
HIGHEST = 10.0


class ClipAesthetic:
    """See Backend."""

    def __init__(self, config: ScoringConfig) -> None:
        assert config.weights.laion_head is not None
        self.features, self.head = ClipFeatures(config), Path(config.weights.laion_head)
        self.layers = read_head(self.head, int(self.features.model.config.projection_dim))

    @property
    def measured_by(self) -> MeasuredBy:
        weights = [self.features.folder, self.head]
        return measured_by("LAION aesthetic predictor on CLIP", LIBRARIES, "MIT", weights, self.features.device)

    def measure(self, video: Video) -> Answer:
        values_TD = self.features(video.frames)
        for weight, bias in self.layers:
            values_TD = torch.nn.functional.linear(values_TD, weight, bias)
        return Answer(per_frame={"aesthetic": (values_TD[:, 0] / HIGHEST).tolist()})


def build(config: ScoringConfig) -> ClipAesthetic:
    return ClipAesthetic(config)


def read_head(file: Path, width: int) -> list[tuple[Tensor, Tensor]]:
    """The layers in their order: weight, bias.

    Raises:
        ValueError: the file holds no such layers, or they do not fit CLIP's features of this width.
    """
    try:
        tensors = load_file(file)
    except SafetensorError as error:
        raise ValueError(f"scoring.weights.laion_head: {file} is no safetensors file ({error}): convert it") from error
    names = [name for name in tensors if name.endswith("weight")]
    names.sort(key=lambda name: [int(part) for part in name.split(".") if part.isdigit()])
    layers = [(tensors[name].float(), tensors[f"{name.removesuffix('weight')}bias"].float()) for name in names]
    widths = [width, *(weight.shape[0] for weight, _ in layers)]
    if not layers or widths[-1] != 1 or any(w.shape[1] != one for (w, _), one in zip(layers, widths, strict=False)):
        raise ValueError(
            f"scoring.weights.laion_head: {file} holds no linear layers from {width} features to one: "
            "give the head that was fitted on this CLIP"
        )
    return layers
