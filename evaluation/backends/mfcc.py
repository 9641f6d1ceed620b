"""Mel-frequency cepstral coefficients as python_speech_features computes them, whose defaults SyncNet was trained with.

Windows of 25 ms every 10 ms without a taper, pre-emphasis 0.97, 26 triangles between 0 Hz and half the rate,
orthonormal DCT, lifter 22, the first coefficient replaced by the log energy.

Shape legend: S samples, N windows, F = 13 coefficients.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

STEPS_PER_SECOND = 100
SECONDS, COEFFICIENTS, TRIANGLES, BINS, PREEMPHASIS, LIFTER = 0.025, 13, 26, 512, 0.97, 22
Real = NDArray[np.float64]


def mfcc(samples_S: NDArray[np.float32], samples_per_second: int) -> Real:
    """[F,N] of sound in -1..1, which is taken as 16-bit levels."""
    levels_S = np.round(samples_S.astype(np.float64) * 32_767)
    emphasised_S = np.append(levels_S[:1], levels_S[1:] - PREEMPHASIS * levels_S[:-1])
    length, step = round(SECONDS * samples_per_second), samples_per_second // STEPS_PER_SECOND
    count = 1 + max(0, -(-(len(emphasised_S) - length) // step))
    padded_S = np.pad(emphasised_S, (0, (count - 1) * step + length - len(emphasised_S)))
    windows = padded_S[np.arange(length)[None] + step * np.arange(count)[:, None]]
    power = np.abs(np.fft.rfft(windows, BINS)) ** 2 / BINS
    floor = np.finfo(float).eps
    energy_N = np.maximum(power.sum(axis=1), floor)
    mel = np.log(np.maximum(power @ triangles(samples_per_second).T, floor))
    cepstrum = np.asarray(dct(mel, type=2, axis=1, norm="ortho"), np.float64)[:, :COEFFICIENTS]
    cepstrum *= 1 + LIFTER / 2 * np.sin(np.pi * np.arange(COEFFICIENTS) / LIFTER)
    cepstrum[:, 0] = np.log(energy_N)
    return cepstrum.T


def triangles(samples_per_second: int) -> Real:
    """Weights [26, 257] of a power spectrum's bins."""
    highest = 2595 * np.log10(1 + samples_per_second / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, highest, TRIANGLES + 2) / 2595) - 1)
    edges = np.floor((BINS + 1) * hertz / samples_per_second)
    bins = np.arange(BINS // 2 + 1)
    rows = [
        np.where((bins >= low) & (bins < middle), (bins - low) / max(middle - low, 1), 0)
        + np.where((bins >= middle) & (bins < high), (high - bins) / max(high - middle, 1), 0)
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    return np.stack(rows)
