"""Wav2Vec2 from disk: every hidden state, one column a denoised frame, another depth is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers import Wav2Vec2Config, Wav2Vec2Model

from model.conditioning.build import build_audio_encoder
from model.contracts import AudioEncoderConfig


def tone(frames: int, hertz: float = 440.0) -> NDArray[np.float32]:
    seconds = np.arange(frames * 640) / 16_000
    return (0.3 * np.sin(2 * np.pi * hertz * seconds)).astype(np.float32)


@pytest.fixture(scope="module")
def wav2vec2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("wav2vec2")
    config = Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        conv_dim=[8] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        do_stable_layer_norm=True,
        feat_extract_norm="layer",
    )
    Wav2Vec2Model(config).save_pretrained(folder)
    return folder


def test_wav2vec2_from_disk_gives_every_hidden_state(wav2vec2_folder: Path) -> None:
    config = AudioEncoderConfig(kind="wav2vec2", dim=16, layers=4, weights=str(wav2vec2_folder))
    encoder = build_audio_encoder(config, wav2vec2_folder)
    audio = encoder.encode(tone(9), 9)
    assert audio.shape == (4, 16, 8)
    assert not torch.allclose(audio[0], audio[3])
    torch.testing.assert_close(encoder.encode(3 * tone(9), 9), audio, atol=1e-3, rtol=1e-3)  # loudness is normalised


def test_wav2vec2_of_another_depth_is_refused(wav2vec2_folder: Path) -> None:
    with pytest.raises(ValueError, match="25 layers but the encoder has 16 and 4"):
        build_audio_encoder(
            AudioEncoderConfig(kind="wav2vec2", dim=16, layers=25, weights=str(wav2vec2_folder)), wav2vec2_folder
        )
