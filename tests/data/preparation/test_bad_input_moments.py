"""What happens while work goes on: a file changes, a disk fills up. Nothing half-written is taken for whole."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.clips.manifest import read_manifest
from data.preparation import prepare_clip as prepare_module
from data.preparation import prepare_clips
from data.preparation.deliver_batch import deliver_batch
from data.preparation.prepare_clip import ClipJob, prepare_clip
from data.preparation.prepare_clips import prepare_batch
from data.versions.batch_receipts import assert_valid
from foundation.clip_format import ClipFormat
from foundation.copy_delivery import copy_delivery
from foundation.failures import ClipError
from foundation.media_limits import MediaLimits

ROOT = Path(__file__).parents[3]
Deliver = Callable[..., Path]


def test_a_clip_that_changes_while_being_read_is_named(
    deliver: Deliver, clip_format: ClipFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes to the structure video right after the clip's own video was read."""
    raw, read = deliver(), prepare_module.read_video
    wanted = ClipJob(read_manifest(raw)[0], raw, raw.parent / "prepared", clip_format, (25.0,))

    def read_and_be_overtaken(path: Path, **limits: MediaLimits) -> tuple[np.ndarray, float]:
        found = read(path, **limits)
        (wanted.raw / "c0/rgb.mp4").touch()
        return found

    monkeypatch.setattr(prepare_module, "read_video", read_and_be_overtaken)
    with pytest.raises(ClipError, match=r"clip c0 \| field video \| c0/rgb.mp4 \| the file stays as it is"):
        prepare_clip(wanted)


def test_a_batch_that_changes_while_it_is_prepared_is_named_and_forgotten(
    deliver: Deliver, project: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = prepare_clips._prepare_all

    def overtaken(*given: Any) -> Any:
        found = measured(*given)
        (Path("datasets/raw/tiny/c1/sound.wav")).write_bytes(b"another sound")
        return found

    project(deliver(clips=2))
    monkeypatch.setattr(prepare_clips, "_prepare_all", overtaken)
    with pytest.raises(ValueError, match=r"c1/sound\.wav changed in datasets/raw/tiny while it was prepared"):
        prepare_batch("tiny")
    assert not Path("datasets/prepared/tiny/validation.json").exists()
    assert not Path("datasets/.memory/prepared/tiny.jsonl").read_text(), "nothing of it is used again"


def test_a_delivery_that_changes_while_it_is_copied_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "from").mkdir()
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / "from" / name).write_bytes(b"first take")
    copy = shutil.copyfile

    def copy_and_be_overtaken(source: Path, target: Path) -> None:
        copy(source, target)
        (tmp_path / "from/a.mp4").write_bytes(b"second take, longer")

    monkeypatch.setattr(shutil, "copyfile", copy_and_be_overtaken)
    with pytest.raises(ValueError, match=r"a\.mp4 changed while being copied .*run again"):
        copy_delivery(tmp_path / "from", tmp_path / "to")
    monkeypatch.undo()
    copy_delivery(tmp_path / "from", tmp_path / "to")
    assert (tmp_path / "to/a.mp4").read_bytes() == b"second take, longer"


FULL = """
import resource, sys
from data.preparation import {module}
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
{module}.{call}("tiny")
"""


def with_room(room: int, module: str, call: str) -> subprocess.CompletedProcess[str]:
    """Run a step in a process that can write no file larger than `room` bytes: what a full disk does to a writer."""
    code = FULL.format(room=room, module=module, call=call)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)


def test_a_full_disk_leaves_nothing_that_is_taken_for_whole(deliver: Deliver, project: Callable[..., None]) -> None:
    project(deliver(clips=2))
    said = with_room(3000, "prepare_clips", "prepare_batch")
    assert said.returncode != 0
    assert "ValueError: no room left to write" in said.stderr
    with pytest.raises(ValueError, match="missing"):
        assert_valid(Path("datasets/prepared/tiny"))
    prepare_batch("tiny")
    shutil.copytree("datasets/prepared/tiny", "after")
    shutil.rmtree("datasets/prepared/tiny")
    shutil.rmtree("datasets/.memory")
    prepare_batch("tiny")
    media = [file.relative_to("after") for file in sorted(Path("after").rglob("clips/*/*"))]
    assert len(media) == 10
    for file in media:
        assert (Path("after") / file).read_bytes() == (Path("datasets/prepared/tiny") / file).read_bytes()


def test_a_full_disk_leaves_no_delivery(project: Callable[..., None]) -> None:
    project(None, source="studio", seed=0, clips=1)
    said = with_room(3000, "deliver_batch", "deliver_batch")
    assert "ValueError: no room left to write" in said.stderr
    assert not Path("datasets/raw/tiny").exists()
    deliver_batch("tiny")
    assert len(read_manifest(Path("datasets/raw/tiny"))) == 1
