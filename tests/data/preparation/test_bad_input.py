"""Bad input, by manifest and by the authors' CSV: named, never guessed at."""

import json
import re
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from data.clips.manifest import read_manifest
from data.contracts import FrameBoxes
from data.preparation.prepare_clip import ClipJob, prepare_clip
from data.preparation.prepare_clips import prepare_batch
from data.sources.released_csv import ReleasedCsvBatch
from data.sources.released_csv.records import read_records
from data.versions.batch_receipts import read_validation
from foundation.clip_format import ClipFormat
from foundation.failures import ClipError
from foundation.video_reading import read_video

Deliver = Callable[..., Path]
Released = Callable[..., Path]


@pytest.fixture
def order(project: Callable[..., None]) -> Callable[..., list[str]]:
    """Prepare a folder as the batch `tiny`; gives what validation says is wrong, with the batch or with clips."""

    def prepare(folder: Path, source: str = "arrived") -> list[str]:
        project(folder, source)
        prepare_batch("tiny")
        validation = read_validation(Path("datasets/prepared/tiny"))
        return [*validation.failures, *(fault for faults in validation.set_aside.values() for fault in faults)]

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
        (a_picture, "none of the kinds of file that are read"),
        (one_frame, "1 frames of 48x32 .* its record states 9 frames"),
        (turned, "stored turned by -?90 degrees"),
        (variable_rate, "variable frame rate|container states"),
    ],
)
@pytest.mark.parametrize("field", ["video", "hoi_video"])
def test_a_bad_video_is_named(
    deliver: Deliver, clip_format: ClipFormat, field: str, damage: Callable[[Path], None], says: str
) -> None:
    raw = deliver()
    damage(raw / getattr(read_manifest(raw)[0], field))
    if field == "hoi_video":
        says = says.replace(" .* its record states 9 frames", " where the clip has 9 frames")
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
    released: Released, released_config: ReleasedCsvBatch
) -> None:
    table = released(prompt='she says "try it",\nand smiles') / "data.csv"
    (plain,) = read_records(table.parent, released_config)
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
    assert read_records(table.parent, released_config) == [plain]
    assert plain.prompt == 'she says "try it",\nand smiles'


@pytest.mark.parametrize("column", ["prompt", "product_image", "audio", "scale", "height"])
@pytest.mark.parametrize("cell", ["nan", "NaN", "None"])
def test_what_programs_write_for_nothing_is_named(
    released: Released, released_config: ReleasedCsvBatch, column: str, cell: str
) -> None:
    with pytest.raises(ClipError, match=rf"clip 0000 \| field {column} \| {cell} \| "):
        read_records(released(**{column: cell}), released_config)


@pytest.mark.parametrize(
    "column", ["prompt", "input_video", "audio", "person_image", "hoi_video", "face", "hand_object"]
)
def test_a_missing_column_is_named(released: Released, released_config: ReleasedCsvBatch, column: str) -> None:
    with pytest.raises(ValueError, match=f"column {column} is missing"):
        read_records(released(drop=(column,)), released_config)


def test_a_row_of_another_length_is_named(released: Released, released_config: ReleasedCsvBatch) -> None:
    table = released() / "data.csv"
    table.write_text(table.read_text().rstrip("\r\n") + ",one cell too many\n")
    with pytest.raises(ValueError, match="line 2: more or fewer cells than columns"):
        read_records(table.parent, released_config)


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


def test_boxes_on_latent_frames_are_named_or_declared(released: Released, released_config: ReleasedCsvBatch) -> None:
    folder = released(face=json.dumps({"frame_0": [2, 2, 12, 12], "frame_1": [2, 2, 12, 12]}))
    with pytest.raises(ClipError, match=r"field face \| frame_0 .*set `time_map: latent_frames`"):
        read_records(folder, released_config)


def test_an_empty_box_is_named_or_declared(released: Released, released_config: ReleasedCsvBatch) -> None:
    cell = json.dumps({"frame_2": {"l_h": [], "r_h": [4, 4, 9, 9]}, "frame_6": {"r_h": [4, 4, 9, 9]}})
    with pytest.raises(ClipError, match=r"field hand_object \| frame_2: \[\] .*add `empty_hand_box: absent`"):
        read_records(released(hand_object=cell), released_config)


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
