"""CLIP at toy width: the real classes, random weights written to disk and loaded back, offline."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

from evaluation.backends.config import ScoringConfig, WeightsConfig
from evaluation.backends.contracts import Answer
from evaluation.backends.tools import clip_aesthetic, clip_frames
from evaluation.backends.video import Frames

WIDTH = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some ten thousand weights of CLIPModel."""
    torch.manual_seed(0)
    layer = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={**layer, "vocab_size": 64, "eos_token_id": 1, "bos_token_id": 0, "pad_token_id": 1},
        vision_config={**layer, "image_size": 32, "patch_size": 8},
        projection_dim=WIDTH,
    )
    path = tmp_path_factory.mktemp("clip")
    CLIPModel(config).save_pretrained(path)
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(path)
    return path


def head(file: Path, *widths: int) -> Path:
    """Layers between these widths, under the published names, and a bias that is seen in the answer."""
    draw = torch.Generator().manual_seed(1)
    tensors: dict[str, torch.Tensor] = {}
    for number, (one, other) in enumerate(pairwise(widths)):
        tensors[f"layers.{2 * number}.weight"] = torch.randn(other, one, generator=draw)
        tensors[f"layers.{2 * number}.bias"] = torch.full((other,), 0.5)
    save_file(tensors, file)
    return file


def test_smoothness_is_one_for_a_still_picture_and_less_for_a_cut(
    folder: Path, answer: Callable[..., Answer], moving: Frames
) -> None:
    tool = clip_frames.build(ScoringConfig(weights=WeightsConfig(clip=str(folder))))
    still = answer(tool, np.repeat(moving[:1], 4, axis=0)).per_frame["consecutive_cosine"]
    assert still[0] is None
    assert still[1:] == pytest.approx([1.0] * 3, abs=1e-5)
    cut = answer(tool, np.concatenate([moving[:2], 255 - moving[:2]])).per_frame["consecutive_cosine"]
    assert cut[2] is not None
    assert cut[2] < min(cut[1], cut[3])  # type: ignore[type-var]
    assert tool.measured_by.weights_sha256
    with pytest.raises(ValueError, match="has one frame"):
        answer(tool, moving[:1])


def test_aesthetics_are_the_heads_linear_layers_on_unit_features(
    folder: Path, tmp_path: Path, answer: Callable[..., Answer], moving: Frames
) -> None:
    file = head(tmp_path / "head.safetensors", WIDTH, 8, 1)
    tool = clip_aesthetic.build(ScoringConfig(weights=WeightsConfig(clip=str(folder), laion_head=str(file))))
    values = answer(tool, moving).per_frame["aesthetic"]
    features = tool.features(moving)
    assert features.norm(dim=1).numpy() == pytest.approx(np.ones(6), abs=1e-5)
    (first, bias), (second, last) = tool.layers
    assert values == pytest.approx((((features @ first.T + bias) @ second.T + last)[:, 0] / 10).tolist(), abs=1e-5)


def test_a_head_of_another_clip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no linear layers from 16 features to one"):
        clip_aesthetic.read_head(head(tmp_path / "other.safetensors", 8, 1), WIDTH)
    (tmp_path / "text").write_text("no weights")
    with pytest.raises(ValueError, match=r"laion_head: .*text is no safetensors file"):
        clip_aesthetic.read_head(tmp_path / "text", WIDTH)
