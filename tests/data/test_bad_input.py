"""Bad input, by manifest and by the authors' CSV: named, never guessed at, never taken for whole."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import yaml

from data import prepare_clip as prepare_module
from data import prepare_clips
from data.batch_receipts import assert_valid
from data.contracts import ClipFormat, FrameBoxes, ReleasedCsvBatch
from data.deliver_batch import deliver_batch
from data.failures import ClipError
from data.manifest import read_manifest
from data.prepare_clip import ClipJob, prepare_clip
from data.prepare_clips import prepare_batch
from data.sources.copy_delivery import copy_delivery
from data.sources.released_csv import read_records
from data.video_io import read_video

ROOT = Path(__file__).parents[2]
Deliver = Callable[..., Path]
Released = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A project of its own with one batch, `tiny`, out of a folder or ordered; it becomes the working folder."""

    def make(folder: Path | None, source: str = "arrived", **ordered: Any) -> None:
        monkeypatch.chdir(tmp_path)
        Path("datasets/raw").mkdir(parents=True)
        if folder is not None:
            folder.rename("datasets/raw/tiny")
        clip = ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=0).model_dump()
        entry = {"order": {"source": source, **ordered}, "clip": clip, "encoders": "tiny", "encoding": {}}
        entry["preparation_processes"] = 1
        Path("datasets/batches.yaml").write_text(yaml.safe_dump({"batches": {"tiny": entry}}))

    return make


@pytest.fixture
def order(project: Callable[..., None]) -> Callable[..., list[str]]:
    """Prepare a folder as the batch `tiny`; gives validation's failures."""

    def prepare(folder: Path, source: str = "arrived") -> list[str]:
        project(folder, source)
        prepare_batch("tiny")
        return json.loads(Path("datasets/prepared/tiny/validation.json").read_text())["failures"]

    return prepare


def job(raw: Path, clip: ClipFormat) -> ClipJob:
    (record, *_) = read_manifest(raw)
    return ClipJob(record, raw, raw.parent / "prepared", clip, (25.0,))


def zero_bytes(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def no_video(path: Path) -> None:
    path.write_text("a letter, not a film\n" * 100)


def a_picture(path: Path) -> None:
    shutil.copyfile(path.parent / "person.png", path)


def one_frame(path: Path) -> None:
    rewrite(path, read_video(path)[0][:1])


def turned(path: Path) -> None:
    rewrite(path, read_video(path)[0], turned=90)


def variable_rate(path: Path) -> None:
    frames_THWC, times = read_video(path)[0], [0, 40, 80, 200, 210, 220, 230, 280, 320]
    rewrite(path, frames_THWC, times)


def rewrite(
    path: Path, frames_THWC: np.ndarray, times: list[int] | None = None, turned: int = 0, pix_fmt: str = "yuv420p"
) -> None:
    """Write a video again, each frame at its own millisecond."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.height, stream.width, stream.pix_fmt = *frames_THWC.shape[1:3], pix_fmt
        stream.codec_context.time_base = Fraction(1, 1000)
        if turned:
            stream.set_display_rotation(turned)
        for number, picture in enumerate(frames_THWC):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = times[number] if times else 40 * number
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (zero_bytes, "cannot be read"),
        (truncated, "cannot be read|cut short|no picture stream"),
        (no_video, "cannot be read"),
        (a_picture, "no picture stream"),
        (one_frame, "1 frames of 48x32 .* its record says 9 frames"),
        (turned, "stored turned by -?90 degrees"),
        (variable_rate, "variable frame rate|container says"),
    ],
)
@pytest.mark.parametrize("field", ["video", "hoi_video"])
def test_a_bad_video_is_named(
    deliver: Deliver, clip_format: ClipFormat, field: str, damage: Callable[[Path], None], says: str
) -> None:
    raw = deliver()
    damage(raw / getattr(read_manifest(raw)[0], field))
    if field == "hoi_video":
        says = says.replace(" .* its record says 9 frames", " where the clip has 9 frames")
    with pytest.raises(ClipError, match=rf"clip c0 \| field {field} \| .*({says}).* \| fix: "):
        prepare_clip(job(raw, clip_format))


def test_sound_that_is_none_is_named(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver(audio="c0/rgb.mp4")  # a video without sound
    with pytest.raises(ClipError, match=r"clip c0 \| field audio \| .*no sound stream"):
        prepare_clip(job(raw, clip_format))


@pytest.mark.parametrize("name", ["../outside.mp4", "/etc/hostname", "c0/../../outside.mp4"])
@pytest.mark.parametrize("field", ["video", "audio", "person_image"])
def test_no_path_leads_out_of_the_batch(deliver: Deliver, clip_format: ClipFormat, field: str, name: str) -> None:
    raw = deliver(**{field: name})
    shutil.copyfile(raw / "c0/hoi.mp4", raw.parent / "outside.mp4")
    with pytest.raises(ClipError, match=rf"clip c0 \| field {field} \| {name} \| .*in the batch's folder"):
        prepare_clip(job(raw, clip_format))


def test_a_csv_with_a_byte_order_mark_and_quotes_reads_as_one_without(
    released: Released, released_order: ReleasedCsvBatch
) -> None:
    table = released(prompt='she says "try it",\nand smiles') / "data.csv"
    (plain,) = read_records(table.parent, released_order)
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
    assert read_records(table.parent, released_order) == [plain]
    assert plain.prompt == 'she says "try it",\nand smiles'


@pytest.mark.parametrize("column", ["prompt", "product_image", "audio", "scale", "height"])
@pytest.mark.parametrize("cell", ["nan", "NaN", "None"])
def test_what_programs_write_for_nothing_is_named(
    released: Released, released_order: ReleasedCsvBatch, column: str, cell: str
) -> None:
    with pytest.raises(ClipError, match=rf"clip 0000 \| field {column} \| {cell} \| "):
        read_records(released(**{column: cell}), released_order)


@pytest.mark.parametrize(
    "column", ["prompt", "input_video", "audio", "person_image", "hoi_video", "face", "hand_object"]
)
def test_a_missing_column_is_named(released: Released, released_order: ReleasedCsvBatch, column: str) -> None:
    with pytest.raises(ValueError, match=f"column {column} is missing"):
        read_records(released(drop=(column,)), released_order)


def test_a_row_of_another_length_is_named(released: Released, released_order: ReleasedCsvBatch) -> None:
    table = released() / "data.csv"
    table.write_text(table.read_text().rstrip("\r\n") + ",one cell too many\n")
    with pytest.raises(ValueError, match="line 2: more or fewer cells than columns"):
        read_records(table.parent, released_order)


def test_boxes_that_cannot_be_are_validation_failures(order: Callable[..., list[str]], deliver: Deliver) -> None:
    boxes = {2: FrameBoxes(face=(12, 2, 2, 12), left_hand=(2, 12, 12, 2)), 6: FrameBoxes(face=(-3, 2, 12, 480))}
    failures = "\n".join(order(deliver(boxes=boxes)))
    for says in (
        r"clip c0 \| field face box on frame 2 \| \[12, 2, 2, 12\] .*x2_minus_x1",
        r"clip c0 \| field left_hand box on frame 2 .*y2_minus_y1",
        r"clip c0 \| field face box on frame 6 .*x1: at least 0",
        r"clip c0 \| field face box on frame 6 .*room_below",
    ):
        assert re.search(says, failures), failures


def test_boxes_on_latent_frames_are_named_or_declared(released: Released, released_order: ReleasedCsvBatch) -> None:
    folder = released(face=json.dumps({"frame_0": [2, 2, 12, 12], "frame_1": [2, 2, 12, 12]}))
    with pytest.raises(ClipError, match=r"field face \| frame_0 .*set `time_map: latent_frames`"):
        read_records(folder, released_order)


def test_an_empty_box_is_named_or_declared(released: Released, released_order: ReleasedCsvBatch) -> None:
    cell = json.dumps({"frame_2": {"l_h": [], "r_h": [4, 4, 9, 9]}, "frame_6": {"r_h": [4, 4, 9, 9]}})
    with pytest.raises(ClipError, match=r"field hand_object \| frame_2: \[\] .*add `empty_hand_box: absent`"):
        read_records(released(hand_object=cell), released_order)


def test_a_clip_that_changes_while_being_read_is_named(
    deliver: Deliver, clip_format: ClipFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes to the structure video right after the clip's own video was read."""
    wanted, read = job(deliver(), clip_format), prepare_module.read_video

    def read_and_be_overtaken(path: Path) -> tuple[np.ndarray, float]:
        found = read(path)
        (wanted.raw / "c0/rgb.mp4").touch()
        return found

    monkeypatch.setattr(prepare_module, "read_video", read_and_be_overtaken)
    with pytest.raises(ClipError, match=r"clip c0 \| field video \| c0/rgb.mp4 \| the file stays as it is"):
        prepare_clip(wanted)


def test_a_batch_that_changes_while_it_is_prepared_is_named_and_forgotten(
    deliver: Deliver, order: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = prepare_clips._prepare_all

    def overtaken(*given: Any) -> Any:
        found = measured(*given)
        (Path("datasets/raw/tiny/c1/sound.wav")).write_bytes(b"another sound")
        return found

    monkeypatch.setattr(prepare_clips, "_prepare_all", overtaken)
    with pytest.raises(ValueError, match=r"c1/sound\.wav changed in datasets/raw/tiny while it was prepared"):
        order(deliver(clips=2))
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
from data import {module}
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


def test_10_bits_and_4_to_3_are_brought_into_the_format(deliver: Deliver) -> None:
    """They are no faults: colours become 8 bits, and what does not fit the frame is cropped at both sides."""
    raw = deliver()
    for name in ("rgb", "hoi"):
        rewrite(raw / f"c0/{name}.mp4", read_video(raw / f"c0/{name}.mp4")[0], pix_fmt="yuv420p10le")
    wide = job(raw, ClipFormat(frames=9, frames_per_second=25, height=48, width=64, motion_frames=0))
    record, facts = prepare_clip(wide)
    assert (facts.rgb_size, facts.rgb_frames) == ("48x64", 9)
    with av.open(str(wide.prepared / record.video)) as container:
        assert "10" not in container.streams.video[0].format.name
    face = record.boxes[2].face
    assert face is not None
    assert face[2] - face[0] == pytest.approx(2 * 10, abs=1), "the boxes grow with the picture"
