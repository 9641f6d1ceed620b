"""The real audio encoder: transformers' Wav2Vec2Model, all its hidden states, from a local folder.

As in Wan-S2V and the CoInteract release: samples brought to zero mean and unit variance, every hidden state kept
(25 of wav2vec2-large-xlsr-53), then linear interpolation in time (ends aligned) to one column a frame.

Shape legend: K hidden states, A width, S columns, N samples, R the model's own 50 steps a second.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate
from transformers import Wav2Vec2Model

from model.conditioning.audio_encoder import audio_columns
from model.conditioning.given_weights import weights_folder
from model.contracts import AudioEncoderConfig

NEEDS_WEIGHTS = True


def build(config: AudioEncoderConfig, folder: Path, device: str) -> "Wav2Vec2Audio":
    """The encoder in `config.weights`."""
    return Wav2Vec2Audio.load(weights_folder("audio_encoder", config.weights), device)


class Wav2Vec2Audio:
    """K = hidden layers + 1: the input of the first transformer layer counts."""

    def __init__(self, model: Any) -> None:
        self.model = model.eval().requires_grad_(False)
        self.dim: int = model.config.hidden_size
        self.layers: int = model.config.num_hidden_layers + 1

    @classmethod
    def load(cls, folder: Path, device: str) -> "Wav2Vec2Audio":
        """From a folder that `save_pretrained` wrote."""
        model: Any = Wav2Vec2Model.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        return cls(model.to(device))

    @torch.no_grad()
    def encode(self, samples: NDArray[np.float32], frames: int) -> Tensor:
        """Mono 16 kHz samples over `frames` pixel frames to [K, A, frames - 1]. ValueError: see AudioEncoder."""
        columns = audio_columns(frames)
        if len(samples) < 400:  # the model's receptive field
            raise ValueError(f"{len(samples)} samples are too few for wav2vec2: give mono 16 kHz sound")
        sound_1N = torch.from_numpy(samples).float()[None].to(self.model.device)
        sound_1N = (sound_1N - sound_1N.mean()) / (sound_1N.var(unbiased=False) + 1e-7).sqrt()
        states_KRA = torch.cat(self.model(sound_1N, output_hidden_states=True).hidden_states)
        audio_KAS = interpolate(states_KRA.mT, size=columns, mode="linear", align_corners=True)
        return audio_KAS.float().cpu()
