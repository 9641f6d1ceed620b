"""Is somebody speaking? Silero VAD 6 (MIT) on the weights its package ships, in numpy: no torch, no process of its own.

The network is small (four convolutions over a learned spectrogram, one LSTM cell of 128): an hour of sound takes a few
seconds. tests/data/sources/raw_video/test_speech.py holds it against the package's own TorchScript file.
"""

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

# N windows, S samples, C channels, L positions in a window, K kernel size, D = 128 state of the LSTM
Floats = NDArray[np.float32]
Weights = dict[str, Floats]

SAMPLES_PER_SECOND = 16_000
WINDOW, CONTEXT, PAD = 512, 64, 64  # samples: a window, what it sees of the one before, what is mirrored at its end
WINDOWS_AT_ONCE = 4096
IS_SPEECH = 0.5  # probability from which the package calls a window speech


def speech_windows(samples_S: Floats) -> Floats:
    """Probability of speech in every 32 ms of 16 kHz sound: float32 [N], the last window filled with silence."""
    weights = load_file(weights_file())
    spare = -len(samples_S) % WINDOW
    padded_S = np.pad(samples_S.astype(np.float32), (CONTEXT, spare))
    windows_NS = np.lib.stride_tricks.sliding_window_view(padded_S, CONTEXT + WINDOW)[::WINDOW]
    chunks = range(0, len(windows_NS), WINDOWS_AT_ONCE)
    features_ND = np.concatenate([_features(weights, windows_NS[at : at + WINDOWS_AT_ONCE]) for at in chunks])
    return _through_time(weights, features_ND)


def speech_share(speech_N: Floats, first_second: float, last_second: float) -> float:
    """Share of the windows between two moments that are speech."""
    per_second = SAMPLES_PER_SECOND / WINDOW
    first = int(first_second * per_second)
    chosen_N = speech_N[first : max(first + 1, round(last_second * per_second))]
    return float((chosen_N >= IS_SPEECH).mean()) if len(chosen_N) else 0.0


@cache
def weights_file() -> Path:
    """The weights inside the package, which itself is not imported: that would take torchaudio.

    Raises:
        ValueError: the package is missing.
    """
    package = find_spec("silero_vad")
    if package is None or package.origin is None:
        raise ValueError("the package silero-vad is missing, which finds speech in raw footage: run `make setup`")
    return Path(package.origin).parent / "data/silero_vad_16k.safetensors"


def tool() -> str:
    """Name and version, for the settings of a delivery."""
    weights_file()
    return f"silero-vad {version('silero-vad')}"


def _features(weights: Weights, windows_NS: Floats) -> Floats:
    mirrored_NCS = np.pad(windows_NS, ((0, 0), (0, PAD)), mode="reflect")[:, None]
    spectrum_NCL = _convolve(mirrored_NCS, weights["stft_conv.weight"], None, stride=128, pad=0)
    real_NCL, imaginary_NCL = np.split(spectrum_NCL, 2, axis=1)
    x_NCL = np.sqrt(real_NCL**2 + imaginary_NCL**2)
    for name, stride in (("conv1", 1), ("conv2", 2), ("conv3", 2), ("conv4", 1)):
        x_NCL = np.maximum(_convolve(x_NCL, weights[f"{name}.weight"], weights[f"{name}.bias"], stride, pad=1), 0)
    return x_NCL[:, :, 0]


def _convolve(x_NCL: Floats, kernel_OCK: Floats, bias_O: Floats | None, stride: int, pad: int) -> Floats:
    padded_NCL = np.pad(x_NCL, ((0, 0), (0, 0), (pad, pad)))
    seen_NCLK = np.lib.stride_tricks.sliding_window_view(padded_NCL, kernel_OCK.shape[2], axis=2)[:, :, ::stride]
    y_NLO = np.tensordot(seen_NCLK, kernel_OCK, axes=([1, 3], [1, 2]))
    return (y_NLO + (0 if bias_O is None else bias_O)).transpose(0, 2, 1)


def _through_time(weights: Weights, features_ND: Floats) -> Floats:
    """The LSTM cell over the windows, then the probability of each."""
    bias_G = weights["lstm_cell.bias_ih"] + weights["lstm_cell.bias_hh"]
    inputs_NG = features_ND @ weights["lstm_cell.weight_ih"].T + bias_G  # gates: in, forget, cell, out
    recurrent_DG = np.ascontiguousarray(weights["lstm_cell.weight_hh"].T)
    hidden_D = cell_D = np.zeros(recurrent_DG.shape[0], np.float32)
    hidden_ND = np.empty((len(inputs_NG), len(hidden_D)), np.float32)
    for at, input_G in enumerate(inputs_NG):
        in_D, forget_D, new_D, out_D = np.split(input_G + hidden_D @ recurrent_DG, 4)
        cell_D = _sigmoid(forget_D) * cell_D + _sigmoid(in_D) * np.tanh(new_D)
        hidden_D = _sigmoid(out_D) * np.tanh(cell_D)
        hidden_ND[at] = hidden_D
    logits_N = np.maximum(hidden_ND, 0) @ weights["final_conv.weight"][0, :, 0] + weights["final_conv.bias"]
    return _sigmoid(logits_N)


def _sigmoid(x: Floats) -> Floats:
    return (1 / (1 + np.exp(-x))).astype(np.float32)
