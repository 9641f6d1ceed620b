"""The numpy network is the package's own: with the same weights in its TorchScript file, the same probabilities."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from data.sources.raw_video.speech import WINDOW, speech_share, speech_windows, weights_file
from foundation.sound import read_audio

SPEECH = Path(__file__).parents[4] / "../shared/real/demo_train/audio/000.wav"
OTHER_NAMES = {
    "stft.forward_basis_buffer": "stft_conv.weight",
    "decoder.decoder.2": "final_conv",
    "decoder.rnn": "lstm_cell",
    **{f"encoder.{number}.reparam_conv": f"conv{number + 1}" for number in range(4)},
}


def chirp(samples: int) -> np.ndarray:
    """A voice-like buzz that rises and fades, with noise."""
    at_S = np.arange(samples) / 16_000
    buzz_S = sum(np.sin(2 * np.pi * 120 * tone * at_S * (1 + 0.1 * at_S)) / tone for tone in range(1, 12))
    noise_S = np.random.default_rng(0).normal(0, 0.02, samples)
    return (0.1 * buzz_S * np.sin(2 * np.pi * 2 * at_S) + noise_S).astype(np.float32)


def of_torch_script(samples_S: np.ndarray) -> np.ndarray:
    script = torch.jit.load(str(weights_file().with_name("silero_vad.jit")))
    ours = load_file(weights_file())
    theirs = script._model.state_dict()
    with torch.no_grad():
        for name, values in theirs.items():
            beginning = next(start for start in OTHER_NAMES if name.startswith(start))
            values.copy_(ours[name.replace(beginning, OTHER_NAMES[beginning])])
    script.reset_states()
    padded_S = np.pad(samples_S, (0, -len(samples_S) % WINDOW))
    return np.array([script(torch.from_numpy(window_S), 16_000).item() for window_S in padded_S.reshape(-1, WINDOW)])


def test_the_network_is_the_packages_own() -> None:
    samples_S = chirp(40_000)
    found_N = speech_windows(samples_S)
    assert len(found_N) == 79
    assert np.ptp(found_N) > 0.01, "a constant would agree with anything"
    np.testing.assert_allclose(found_N, of_torch_script(samples_S), atol=1e-5)


def test_silence_noise_and_a_tone_are_no_speech() -> None:
    noise_S = np.random.default_rng(0).normal(0, 0.05, 32_000).astype(np.float32)
    tone_S = 0.5 * np.sin(np.arange(32_000, dtype=np.float32) / 9)
    for samples_S in (np.zeros(32_000, np.float32), noise_S, tone_S):
        assert speech_share(speech_windows(samples_S), 0, 2) == 0


def test_the_share_counts_only_the_windows_asked_for() -> None:
    speech_N = np.repeat(np.array([0.0, 1.0], np.float32), 125)  # 4 s of nothing, 4 s of speech; 31.25 windows a second
    assert speech_share(speech_N, 0, 4) == 0
    assert speech_share(speech_N, 4, 8) == 1
    assert speech_share(speech_N, 2, 6) == pytest.approx(0.5, abs=0.02)
    assert speech_share(speech_N, 9, 12) == 0


@pytest.mark.skipif(not SPEECH.exists(), reason="the public CoInteract sample is not beside the repository")
def test_real_speech_is_speech() -> None:
    samples_S, rate = read_audio(SPEECH)
    assert rate == 16_000
    assert 0.4 < speech_share(speech_windows(samples_S), 0, 3.24) < 0.9
