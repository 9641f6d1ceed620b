"""From an artifact and what a person gives to a video and its files, in the library and on the command line."""

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from foundation.clip_format import ClipFormat
from foundation.digests import folder_digest
from foundation.sound import write_audio
from foundation.video_about import read_about
from model.inference.generated_video import GeneratedVideo
from model.inference.generator import Generator, new_frames
from model.inference.requests import GenerationRequest

CLIP = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)
SPEECH = (0.4 * np.sin(np.arange(22_050) / 30)).astype(np.float32)
PERSON = np.random.default_rng(0).integers(0, 255, (133, 71, 3), dtype=np.uint8)


@pytest.fixture
def generator(artifact: Path) -> Generator:
    return Generator(artifact)


def arrays(*seeds: int, **changes: object) -> GenerationRequest:
    return GenerationRequest(PERSON, (SPEECH, 44_100), ["waves"], seeds=seeds, **changes)  # type: ignore[arg-type]


def pictures(file: Path) -> np.ndarray:
    with av.open(str(file)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(float)


def test_seconds_become_whole_latent_frames() -> None:
    assert [new_frames(CLIP, seconds) for seconds in (None, 1.28, 0.64, 0.16)] == [32, 32, 16, 4]
    with pytest.raises(ValueError, match=r"4 seconds: a clip of this model lasts 0\.16 to 1\.28 s"):
        new_frames(CLIP, 4)


def test_the_command_makes_the_whole_video(artifact: Path, tmp_path: Path) -> None:
    Image.new("RGB", (200, 300), (180, 120, 90)).save(tmp_path / "person.jpg")
    Image.new("RGB", (50, 40), (20, 120, 190)).save(tmp_path / "product.png")
    write_audio(tmp_path / "a.wav", np.tile(SPEECH, 4), 44_100)
    out = tmp_path / "videos" / "v.mp4"
    command = [sys.executable, "-m", "model.inference.generate", str(artifact), "--prompt", "lifts the cup"]
    files = ["--person", str(tmp_path / "person.jpg"), "--product", str(tmp_path / "product.png")]
    sound = ["--audio", str(tmp_path / "a.wav"), "--out", str(out), "--seed", "3", "--registered-as", "m", "2"]
    output = subprocess.run([*command, *files, *sound], check=True, capture_output=True, text=True).stdout
    assert f"video: {out}" in output
    assert "progress 3/3 denoising steps" in output
    with av.open(str(out)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 8  # nine, of which the first one is the reference
        assert float(container.streams.audio[0].duration * container.streams.audio[0].time_base) == pytest.approx(
            8 / 25, abs=0.1
        )
    with Image.open(out.with_name("v_contact_sheet.png")) as sheet:
        assert sheet.width > 8 * sheet.height / 3
    about = json.loads(out.with_suffix(".json").read_text())
    says = {"registered_model": "m", "version": "2", "artifact_digest": folder_digest(artifact), "seed": 3}
    assert (read_about(out) or {}).items() >= says.items()
    assert (about["seed"], about["prompts"], about["seams"]["seams"]) == (3, ["lifts the cup"], [])
    assert about["inputs"] == {**dict.fromkeys(("pose",)), "audio": str(tmp_path / "a.wav"), **named(files)}


def named(files: list[str]) -> dict[str, str]:
    return {name.removeprefix("--"): path for name, path in zip(files[::2], files[1::2], strict=True)}


def test_a_video_comes_from_files_or_arrays_and_says_what_it_was_made_with(
    generator: Generator, tmp_path: Path
) -> None:
    Image.fromarray(PERSON).save(tmp_path / "p.png")
    from_array = generator.generate(PERSON, (SPEECH, 44_100), "waves", product=PERSON[:50], seed=4, steps=2, guidance=1)
    from_file = generator.generate(
        str(tmp_path / "p.png"), (SPEECH, 44_100), ["waves"], PERSON[:50], seed=4, steps=2, guidance=1
    )
    assert np.array_equal(from_array.frames, from_file.frames)
    assert (from_array.frames.shape, from_array.frames.dtype) == ((8, 48, 32, 3), np.uint8)
    assert (len(from_array.sound), from_array.sound.dtype) == (8 * 640, np.float32)
    assert (from_array.frames_per_second, from_array.samples_per_second) == (25, 16_000)
    assert from_array.references.shape == (2, 48, 32, 3)
    assert (from_array.about["sampling"]["steps"], from_array.about["inputs"]["person"]) == (2, "an array")
    whole = generator.generate(PERSON, (SPEECH, 44_100), "waves", PERSON[:50], seed=4, guidance=None)
    assert whole.about["sampling"]["steps"] == 3, "as the model was exported with"
    assert not np.array_equal(whole.frames, from_array.frames)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"steps": 0}, "steps=0: "), ({"sed": 3}, "sed=3: "), ({"seconds": 4}, "4 seconds: ")],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], message: str, generator: Generator) -> None:
    with pytest.raises(ValueError, match=message):
        generator.generate(PERSON, (SPEECH, 44_100), "waves", **settings)  # type: ignore[arg-type]


def test_a_video_without_a_product_and_of_part_of_a_clip(generator: Generator) -> None:
    (video,) = generator.generate_all(arrays(0, seconds=0.16))
    assert (len(video.frames), len(video.references)) == (4, 1)
    short = (SPEECH[: 44_100 // 4], 44_100)
    with pytest.raises(ValueError, match=r"audio is 0\.25 s long"):
        generator.generate(PERSON, short, "waves")


def test_several_seeds_are_several_videos_each_as_it_is_alone(generator: Generator) -> None:
    videos = generator.generate_all(arrays(4, 9))
    (alone,), (again,) = (generator.generate_all(arrays(9)) for _ in range(2))
    assert np.array_equal(alone.frames, again.frames)
    assert np.abs(videos[1].frames.astype(int) - alone.frames).max() <= 2  # batched kernels round otherwise
    assert np.abs(videos[0].frames.astype(int) - videos[1].frames).mean() > 2


def test_the_command_names_the_files_of_several_seeds(artifact: Path, tmp_path: Path) -> None:
    Image.fromarray(PERSON).save(tmp_path / "p.png")
    write_audio(tmp_path / "a.wav", SPEECH, 44_100)
    command = [sys.executable, "-m", "model.inference.generate", str(artifact), "--prompt", "waves"]
    inputs = ["--person", str(tmp_path / "p.png"), "--audio", str(tmp_path / "a.wav"), "--seed", "4", "--seed", "9"]
    subprocess.run([*command, *inputs, "--out", str(tmp_path / "v.mp4")], check=True, capture_output=True)
    assert sorted(file.name for file in tmp_path.glob("v*.mp4")) == ["v_seed4.mp4", "v_seed9.mp4"]


def test_a_saved_video_reads_back_and_the_same_video_gives_the_same_file(generator: Generator, tmp_path: Path) -> None:
    video = generator.generate(PERSON, (SPEECH, 44_100), "waves")
    first, second = (video.save(tmp_path / name / "v.mp4") for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert pictures(first).shape == video.frames.shape
    assert sorted(file.name for file in first.parent.iterdir()) == ["v.json", "v.mp4", "v_contact_sheet.png"]
    with pytest.raises(ValueError, match=r"v\.avi: the video is an MP4, name it .*v\.mp4"):
        video.save(tmp_path / "v.avi")
    assert isinstance(video, GeneratedVideo)
