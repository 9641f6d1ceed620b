"""The embedded audio encoder: a log-mel spectrogram, averaged over each pixel frame's own time. Needs no weights.

Column s belongs to pixel frame s + 1 (frame 0 is the reference and has no denoised latent); it is the mean of the
analysis windows whose centres lie in that frame, so a column is 40 ms of sound at 25 fps.

Shape legend: K = 1 layer, A mel bins, S columns, W analysis windows, F frequencies.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foundation.clip_format import ENCODED_SAMPLES_PER_SECOND
from model.conditioning.audio_encoder import audio_columns
from model.contracts import AudioEncoderConfig

LIMITS = {"layers": (1, 1, 1), "dim": (1, 256, 1)}  # bands: a window has 257 frequencies
WINDOW_SAMPLES = 512  # 32 ms
HOP_SAMPLES = 80  # 5 ms: eight windows in a frame at 25 fps
LOWEST_HZ, HIGHEST_HZ = 50.0, 8_000.0
LOG_FLOOR = 1e-5
LOG_MEAN, LOG_STD = -6.0, 4.0  # brings silence (-11.5) to about -1.4 and full speech to about +1


def build(config: AudioEncoderConfig, folder: Path, device: str) -> "LogMelAudio":
    """With any number of bands."""
    return LogMelAudio(config.dim)


class LogMelAudio:
    """`bins` mel bands between 50 Hz and 8 kHz."""

    layers = 1

    def __init__(self, bins: int) -> None:
        self.dim = bins
        self.filters_FA = mel_filters(bins)

    def encode(self, samples: NDArray[np.float32], frames: int) -> Tensor:
        """Mono 16 kHz samples over `frames` pixel frames to [1, bins, frames - 1]. ValueError: see AudioEncoder."""
        columns = audio_columns(frames)
        if len(samples) < frames * HOP_SAMPLES:
            raise ValueError(f"{len(samples)} samples are too few for {frames} frames: give mono 16 kHz sound")
        power_WF = np.abs(np.fft.rfft(analysis_windows(samples))) ** 2 / WINDOW_SAMPLES
        log_mel_WA = (np.log(power_WF @ self.filters_FA + LOG_FLOOR) - LOG_MEAN) / LOG_STD
        frame_of_window_W = np.arange(len(log_mel_WA)) * HOP_SAMPLES * frames // len(samples)
        total_SA = np.zeros((frames, self.dim))
        np.add.at(total_SA, np.minimum(frame_of_window_W, frames - 1), log_mel_WA)
        windows_S1 = np.bincount(np.minimum(frame_of_window_W, frames - 1), minlength=frames)[:, None]
        mean_SA = total_SA / windows_S1
        return torch.from_numpy(mean_SA[frames - columns :].T[None].astype(np.float32))


def analysis_windows(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Hann-weighted windows centred at every hop, zeros beyond the ends."""
    padded = np.pad(samples.astype(np.float64), WINDOW_SAMPLES // 2)
    count = -(-len(samples) // HOP_SAMPLES)
    views_WN = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES][:count]
    return views_WN * np.hanning(WINDOW_SAMPLES)


def mel_filters(bins: int) -> NDArray[np.float64]:
    """Triangles evenly spaced on the mel scale (HTK: 2595 log10(1 + f/700)), each of unit sum."""
    edges_mel = np.linspace(hz_to_mel(LOWEST_HZ), hz_to_mel(HIGHEST_HZ), bins + 2)
    edges_hz = 700 * (10 ** (edges_mel / 2595) - 1)
    frequencies_F1 = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / ENCODED_SAMPLES_PER_SECOND)[:, None]
    low, centre, high = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    rise_FA, fall_FA = (frequencies_F1 - low) / (centre - low), (high - frequencies_F1) / (high - centre)
    filters_FA = np.maximum(np.minimum(rise_FA, fall_FA), 0)
    nearest_A = np.abs(frequencies_F1 - centre).argmin(axis=0)
    filters_FA[nearest_A, np.arange(bins)] += 1e-6  # a band narrower than a frequency step still has one
    return filters_FA / filters_FA.sum(axis=0)


def hz_to_mel(hertz: float) -> float:
    """HTK's mel scale."""
    return float(2595 * np.log10(1 + hertz / 700))
