"""Requests from a list in the authors' format, and the command that carries them out."""

import json
import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from foundation.clip_format import ClipFormat
from foundation.sound import write_audio
from foundation.video_writing import write_video
from model.inference.read_inputs import pose_pixels
from model.inference.requests import read_requests

HEADER = "audio,person_image,product_image,prompt,prompt2,prompt3\n"
CLIP = ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=0)


def write(folder: Path, text: str) -> Path:
    file = folder / "demos.csv"
    file.write_text(text)
    return file


def test_a_row_is_a_video_and_its_prompts_are_its_clips(tmp_path: Path) -> None:
    rows = 'a/0.wav,p/0.png,q/0.png,"takes it, slowly",turns it,puts it down\na/1.wav,p/1.png,,waves,,\n'
    common = {"seeds": (1, 2), "seconds": 0.16, "sampling": {"steps": 2}}
    first, second = read_requests(write(tmp_path, HEADER + rows), common)
    assert first.prompts == ["takes it, slowly", "turns it", "puts it down"]
    assert (first.person, first.product) == (tmp_path / "p/0.png", tmp_path / "q/0.png")
    assert (first.seeds, first.sampling) == ((1, 2), {"steps": 2})
    assert (second.prompts, second.product, second.seconds) == (["waves"], None, 0.16)
    scaled = "audio,person_image,prompt,scale,pose_video\na.wav,p.png,waves,0.8,s.mp4\n"
    (request,) = read_requests(write(tmp_path, scaled), {})
    assert (request.product_scale, request.pose, request.seeds) == (0.8, tmp_path / "s.mp4", (0,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no row"),
        (HEADER, "has no row"),
        (HEADER + ",p.png,,waves,,\n", "row 0: audio is missing"),
        (HEADER + "a.wav,p.png,,,turns it,\n", "row 0: prompt is empty"),
        (HEADER + "a.wav,p.png,,waves,,puts it down\n", "row 0: prompt2 is empty: .*without a gap"),
        ("audio,person_image,prompts\na.wav,p.png,waves\n", "column prompts is unknown"),
        ("audio,person_image,prompt,scale\na.wav,p.png,waves,big\n", "row 0: scale is 'big'"),
    ],
)
def test_an_incomplete_list_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read_requests(write(tmp_path, text), {})


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing\.csv cannot be read"):
        read_requests(tmp_path / "nothing.csv", {})


def test_poses_of_another_rate_or_too_few_are_refused(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (8, 64, 64, 3), dtype=np.uint8)
    write_video(tmp_path / "fine.mp4", frames, 25, lossless=True)
    write_video(tmp_path / "slow.mp4", frames, 24, lossless=True)
    assert pose_pixels(tmp_path / "fine.mp4", CLIP, 8).shape == (1, 3, 8, 48, 32)
    with pytest.raises(ValueError, match=r"slow\.mp4 has 24 frames a second, this model makes 25: .*ffmpeg"):
        pose_pixels(tmp_path / "slow.mp4", CLIP, 8)
    with pytest.raises(ValueError, match=r"fine\.mp4 has 8 frames, the video needs 16"):
        pose_pixels(tmp_path / "fine.mp4", CLIP, 16)
    with pytest.raises(ValueError, match=r"nothing\.mp4 cannot be read"):
        pose_pixels(tmp_path / "nothing.mp4", CLIP, 8)


def deliver(folder: Path, seconds: float) -> list[str]:
    Image.new("RGB", (200, 300), (180, 120, 90)).save(folder / "person.png")
    sound = (0.4 * np.sin(np.arange(int(seconds * 16_000)) / 30)).astype(np.float32)
    write_audio(folder / "a.wav", sound)
    write_video(folder / "pose.mp4", np.zeros((8, 96, 64, 3), np.uint8), 25, lossless=True)
    write(folder, "audio,person_image,prompt\na.wav,person.png,waves\na.wav,person.png,points\n")
    return [sys.executable, "-m", "model.inference.generate"]


def test_the_command_makes_the_whole_list_in_one_process(artifact: Path, tmp_path: Path) -> None:
    command = [*deliver(tmp_path, 0.4), str(artifact), "--csv", str(tmp_path / "demos.csv")]
    changes = ["--sampling", '{"steps": 2}', "--out", str(tmp_path / "new.mp4")]
    output = subprocess.run([*command, *changes], check=True, capture_output=True, text=True).stdout
    assert "progress 4/4 denoising steps" in output
    for name in ("new_000", "new_001"):
        with av.open(str(tmp_path / f"{name}.mp4")) as container:
            assert sum(1 for _ in container.decode(video=0)) == 8
        assert json.loads((tmp_path / f"{name}.json").read_text())["sampling"]["steps"] == 2


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--prompt", "waves", "--prompt", "points"], "trained without the frames before a clip"),
        (
            ["--prompt", "waves", "--pose", "person.png"],
            r"person\.png cannot be read: it is none of the kinds of file that are read \(mp4",
        ),
        ([], "--prompt is missing"),
        (["--prompt", "waves", "--sampling", '{"steps": 0}'], "steps=0: "),
        (["--prompt", "waves", "--out", "v.avi"], r"v\.avi: the video is an MP4, name it v\.mp4"),
    ],
)
def test_an_impossible_request_is_refused(extra: list[str], message: str, artifact: Path, tmp_path: Path) -> None:
    command = [*deliver(tmp_path, 0.4), str(artifact), "--person", "person.png", "--audio", "a.wav"]
    root = Path(__file__).parents[3]
    failed = subprocess.run(
        [*command, "--out", "v.mp4", *extra],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin"},
    )
    assert failed.returncode != 0
    assert not [*tmp_path.glob("v.*")]
    assert re.search(message, failed.stderr.splitlines()[-1])
