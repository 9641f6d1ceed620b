"""Orders from a list in the authors' format, and the command that carries them out."""

import json
import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from foundation.video_io import write_audio, write_video
from model.artifact.rgb_artifact import ClipShape
from model.inference.orders import read_orders
from model.inference.read_inputs import read_pose

HEADER = "audio,person_image,product_image,prompt,prompt2,prompt3\n"
CLIP = ClipShape(frames=9, frames_per_second=25, height=48, width=32)


def write(folder: Path, text: str) -> Path:
    file = folder / "demos.csv"
    file.write_text(text)
    return file


def test_a_row_is_a_video_and_its_prompts_are_its_clips(tmp_path: Path) -> None:
    rows = 'a/0.wav,p/0.png,q/0.png,"takes it, slowly",turns it,puts it down\na/1.wav,p/1.png,,waves,,\n'
    first, second = read_orders(write(tmp_path, HEADER + rows), tmp_path / "v.mp4", (1, 2), 0.16)
    assert first.prompts == ["takes it, slowly", "turns it", "puts it down"]
    assert (first.person, first.product) == (tmp_path / "p/0.png", tmp_path / "q/0.png")
    assert first.file(2) == tmp_path / "v_000_seed2.mp4"
    assert (second.prompts, second.product, second.seconds) == (["waves"], None, 0.16)
    scaled = "audio,person_image,prompt,scale,pose_video\na.wav,p.png,waves,0.8,s.mp4\n"
    (order,) = read_orders(write(tmp_path, scaled), tmp_path / "v.mp4", (0,), None)
    assert (order.product_scale, order.pose, order.file(0)) == (0.8, tmp_path / "s.mp4", tmp_path / "v_000.mp4")


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
def test_a_list_that_does_not_say_enough_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read_orders(write(tmp_path, text), tmp_path / "v.mp4", (0,), None)


def test_a_list_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing\.csv cannot be read"):
        read_orders(tmp_path / "nothing.csv", tmp_path / "v.mp4", (0,), None)


def test_poses_of_another_rate_or_too_few_are_refused(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (8, 64, 64, 3), dtype=np.uint8)
    write_video(tmp_path / "fine.mp4", frames, 25, lossless=True)
    write_video(tmp_path / "slow.mp4", frames, 24, lossless=True)
    assert read_pose(tmp_path / "fine.mp4", CLIP, 8).shape == (1, 3, 8, 48, 32)
    with pytest.raises(ValueError, match=r"slow\.mp4 has 24 frames a second, this model makes 25: .*ffmpeg"):
        read_pose(tmp_path / "slow.mp4", CLIP, 8)
    with pytest.raises(ValueError, match=r"fine\.mp4 has 8 frames, the video needs 16"):
        read_pose(tmp_path / "fine.mp4", CLIP, 16)
    with pytest.raises(ValueError, match=r"nothing\.mp4 cannot be read"):
        read_pose(tmp_path / "nothing.mp4", CLIP, 8)


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
    said = subprocess.run([*command, *changes], check=True, capture_output=True, text=True).stdout
    assert "progress 4/4 denoising steps" in said
    for name in ("new_000", "new_001"):
        with av.open(str(tmp_path / f"{name}.mp4")) as container:
            assert sum(1 for _ in container.decode(video=0)) == 8
        assert json.loads((tmp_path / f"{name}.json").read_text())["sampling"]["steps"] == 2


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--prompt", "waves", "--prompt", "points"], "trained without the frames before a clip"),
        (["--prompt", "waves", "--pose", "person.png"], "frames a second|frames, the video needs"),
        ([], "--prompt is missing"),
    ],
)
def test_what_cannot_be_made_is_said(extra: list[str], message: str, artifact: Path, tmp_path: Path) -> None:
    command = [*deliver(tmp_path, 0.4), str(artifact), "--person", "person.png", "--audio", "a.wav", *extra]
    root = Path(__file__).parents[3]
    failed = subprocess.run(
        [*command, "--out", "v.mp4"],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin"},
    )
    assert failed.returncode != 0
    assert not (tmp_path / "v.mp4").exists()
    assert re.search(message, failed.stderr.splitlines()[-1])
