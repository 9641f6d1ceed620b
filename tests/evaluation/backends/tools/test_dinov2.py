"""DINOv2 at toy width: the real class, random weights written to disk and loaded back, offline."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from transformers import Dinov2Config, Dinov2Model

from evaluation.backends.config import ScoringConfig, WeightsConfig
from evaluation.backends.contracts import Answer
from evaluation.backends.tools.dinov2 import Dino, build
from evaluation.backends.video import Frames, Video


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Dino:
    torch.manual_seed(0)
    config = Dinov2Config(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=56, patch_size=14)
    folder = tmp_path_factory.mktemp("dinov2")
    Dinov2Model(config).save_pretrained(folder)
    return build(ScoringConfig(weights=WeightsConfig(dinov2=str(folder))))


def test_the_person_reference_is_frame_zero(tool: Dino, answer: Callable[..., Answer], moving: Frames) -> None:
    found = answer(tool, np.concatenate([moving[:2], 255 - moving[:1]]))
    same, near, other = (value for value in found.per_frame["person_cosine"] if value is not None)
    assert same == pytest.approx(1.0, abs=1e-6)
    assert other < near < same + 1e-6
    assert all(value is not None and -1 <= value <= 1 for value in found.per_frame["product_cosine"])


def test_without_a_reference_there_is_no_series(tool: Dino, make_clip: Callable[..., object]) -> None:
    assert tool.measure(Video(make_clip(references=False))).per_frame == {}  # type: ignore[arg-type]
