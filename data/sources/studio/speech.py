"""Speech-like sound, and the mouth that goes with it.

A glottal pulse train (harmonics of a gliding pitch) shaped by the formants of one vowel a syllable, with pauses between
words. It says nothing, but it has what lip movement depends on: a loudness that rises and falls syllable by syllable.
The mouth opens with the sound's own measured loudness, so it can be predicted from the audio alone.
"""

import numpy as np
from numpy.typing import NDArray

# S samples, F frames, K harmonics
Array = NDArray[np.float32]
VOWELS_HERTZ: tuple[tuple[float, float, float], ...] = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
)  # Peterson and Barney (1952), average men: a, i, u, e, o
FORMANT_WIDTHS_HERTZ = (90, 110, 160)
LOUDEST = 0.18  # root mean square in the middle of the loudest syllable
WIDE_OPEN = 0.14  # root mean square at which the mouth is wide open
MOUTH_WINDOW_SECONDS = 0.08


def speak(random: np.random.Generator, voice_hertz: float, samples: int, samples_per_second: int) -> Array:
    """`samples` of mono speech-like sound in -1..1."""
    sound_S = (random.standard_normal(samples) * 5e-4).astype(np.float32)
    start = int(random.uniform(-0.10, 0.15) * samples_per_second)
    while start < samples:
        length = int(random.uniform(0.18, 0.36) * samples_per_second)
        vowel = VOWELS_HERTZ[int(random.integers(len(VOWELS_HERTZ)))]
        loudness = float(random.uniform(0.35, 1.0))
        pitch_hertz = voice_hertz * float(random.uniform(0.9, 1.12))
        syllable_S = loudness * sing(vowel, pitch_hertz, length, samples_per_second)
        first, last = max(start, 0), min(start + length, samples)
        sound_S[first:last] += syllable_S[first - start : last - start]
        start += length
        if random.uniform() < 0.30:
            start += int(random.uniform(0.12, 0.32) * samples_per_second)
    return np.clip(sound_S, -1, 1)


def sing(vowel: tuple[float, float, float], pitch_hertz: float, length: int, samples_per_second: int) -> Array:
    """One syllable of root mean square about LOUDEST in its middle, silent at both ends."""
    place_S = np.arange(length, dtype=np.float32) / length
    glide_S = 1 + 0.06 * np.cos(np.pi * place_S)
    turn_S = np.cumsum(2 * np.pi * pitch_hertz / samples_per_second * glide_S, dtype=np.float64)
    harmonic_K = np.arange(1, max(2, int(3600 / pitch_hertz)))
    strength_K = sum(
        1 / (1 + ((harmonic_K * pitch_hertz - centre) / width) ** 2)
        for centre, width in zip(vowel, FORMANT_WIDTHS_HERTZ, strict=True)
    ) / np.sqrt(harmonic_K)
    strength_K = strength_K / np.sqrt((strength_K**2).sum() / 2)
    tone_S = np.zeros(length)
    for harmonic, strength in zip(harmonic_K, strength_K, strict=True):
        tone_S += strength * np.sin(harmonic * turn_S)
    swell_S = np.sin(np.pi * place_S) ** 1.4
    return (LOUDEST * tone_S * swell_S).astype(np.float32)


def mouth_opening(sound_S: Array, samples_per_second: int, frames: int, frames_per_second: float) -> Array:
    """0 closed .. 1 wide open for each frame: the sound's root mean square in a window around the frame's middle."""
    half = int(MOUTH_WINDOW_SECONDS / 2 * samples_per_second)
    power_S = np.concatenate([[0.0], np.cumsum(sound_S.astype(np.float64) ** 2)])
    middle_F = ((np.arange(frames) + 0.5) * samples_per_second / frames_per_second).astype(int)
    low_F, high_F = (np.clip(middle_F + shift, 0, len(sound_S)) for shift in (-half, half))
    loudness_F = np.sqrt((power_S[high_F] - power_S[low_F]) / np.maximum(high_F - low_F, 1))
    return (np.clip(loudness_F / WIDE_OPEN - 0.06, 0, 1) ** 0.8).astype(np.float32)
