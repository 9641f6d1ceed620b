"""Sound keeps its place: at its time against the picture, from whatever file, with silence where there is none."""

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import wavfile

from foundation.footage import Footage
from foundation.media_files import MediaError
from foundation.sound import is_plain_wav, read_audio, write_audio

ROOT = Path(__file__).parents[2]
Media = Callable[..., Path]
FEW = settings(
    derandomize=True, deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def clap_seconds(path: Path, rate: int | None = None) -> float:
    samples_S, found = read_audio(path, rate)
    return float(np.abs(samples_S).argmax()) / found


@FEW
@given(late=st.floats(0, 0.9), kind=st.sampled_from(["mp4", "mov", "mkv"]), rate=st.sampled_from([None, 16_000]))
def test_sound_that_begins_late_stays_late(clap: Media, late: float, kind: str, rate: int | None) -> None:
    path = clap(f"a.{kind}", late=late)
    assert clap_seconds(path, rate) == pytest.approx(1 + late, abs=0.03)
    assert np.abs(Footage(path).sound()).argmax() / 16_000 == pytest.approx(1 + late, abs=0.03)


@FEW
@given(picture_late=st.integers(0, 15), kind=st.sampled_from(["mp4", "mkv"]))
def test_sound_before_the_first_picture_is_cut_off(clap: Media, picture_late: int, kind: str) -> None:
    path = clap(f"a.{kind}", picture_late=picture_late / 25, codec="pcm_s16le" if kind == "mkv" else "aac")
    assert clap_seconds(path) == pytest.approx(1 - picture_late / 25, abs=0.03)


def test_sound_of_a_clip_trimmed_without_encoding_keeps_its_place(
    clap: Media, trimmed: Callable[..., Path], tmp_path: Path
) -> None:
    path = trimmed(clap("a.mp4"), tmp_path / "cut.mp4", 0.5)
    assert clap_seconds(path) == pytest.approx(0.5, abs=0.03)


def write_pieces(path: Path, starts: list[float], codec: str = "pcm_s16le") -> Path:
    """Half a second of noise at each start, and nothing else."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=16_000, layout="mono")
        for number, start in enumerate(starts):
            samples = np.random.default_rng(number).integers(-9000, 9000, (1, 8000)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, round(start * 16_000), Fraction(1, 16_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_gaps_are_silence_and_a_sound_alone_may_begin_late(tmp_path: Path) -> None:
    samples_S, rate = read_audio(write_pieces(tmp_path / "a.mkv", [0.25, 1.25]))
    assert (rate, len(samples_S)) == (16_000, round(1.75 * 16_000))
    loud = np.flatnonzero(samples_S.reshape(-1, 800).any(axis=1)) / 20
    np.testing.assert_allclose(loud, [*np.arange(0.25, 0.75, 0.05), *np.arange(1.25, 1.75, 0.05)], atol=1e-9)


def test_a_sound_years_after_the_picture_takes_no_memory(tmp_path: Path) -> None:
    path = write_pieces(tmp_path / "a.mkv", [0.0, 9e6])
    with pytest.raises(MediaError, match="too long"):
        read_audio(path)


@pytest.mark.parametrize(("channels", "width", "rate", "plain"), [(1, 2, 16_000, True), (2, 2, 16_000, False)])
def test_only_what_is_written_here_is_plain(tmp_path: Path, channels: int, width: int, rate: int, plain: bool) -> None:
    import wave

    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(64))
    assert is_plain_wav(tmp_path / "a.wav", 16_000) is plain
    assert not is_plain_wav(tmp_path / "a.wav", 44_100)
    (tmp_path / "a.wav").write_bytes(b"RIFFnothing")
    assert not is_plain_wav(tmp_path / "a.wav", 16_000)
    write_audio(tmp_path / "b.wav", np.zeros(8, np.float32))
    assert is_plain_wav(tmp_path / "b.wav", 16_000)


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8])
def test_any_number_of_channels_becomes_their_mean(tmp_path: Path, channels: int) -> None:
    """In a child process: reading eight channels from a file without a layout once ended the whole process."""
    pcm_SC = np.random.default_rng(0).integers(-20_000, 20_000, (1000, channels), dtype=np.int16)
    wavfile.write(path := tmp_path / "a.wav", 16_000, pcm_SC)
    code = "import sys, pathlib, foundation.sound as s; print(*s.read_audio(pathlib.Path(sys.argv[1]))[0])"
    output = subprocess.run(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    np.testing.assert_allclose(np.array(output.stdout.split(), float), (pcm_SC / 32768).mean(axis=1), atol=1e-6)
    assert len(read_audio(path, 8_000)[0]) == pytest.approx(500, abs=40)


def test_more_channels_than_a_cinema_has_are_refused(tmp_path: Path) -> None:
    wavfile.write(path := tmp_path / "a.wav", 16_000, np.zeros((1000, 9), np.int16))
    with pytest.raises(MediaError, match=r"a\.wav has 9 channels of sound, at most 8 are read: mix it"):
        read_audio(path)
