"""Media as phones, editors and other people's tools leave them: prepared as they are seen and heard, or refused."""

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from data.clips.manifest import read_manifest
from data.contracts import ClipRecord
from data.preparation.deliver_batch import deliver_batch
from data.preparation.prepare_clip import ClipJob, prepare_clip
from data.sources.released_csv import ReleasedCsvBatch
from data.sources.released_csv.records import read_records
from foundation.clip_format import ClipFormat
from foundation.failures import ClipError
from foundation.media_limits import MediaLimits
from foundation.sound import read_audio
from foundation.video_reading import read_video
from foundation.video_writing import write_video

Deliver = Callable[..., Path]


def prepare(raw: Path, clip: ClipFormat, rate: float = 25.0, limits: MediaLimits | None = None) -> ClipRecord:
    job = ClipJob(read_manifest(raw)[0], raw, raw.parent / "prepared", clip, (rate,), limits or MediaLimits())
    return prepare_clip(job)[0]


def test_a_reference_is_prepared_as_it_is_seen(deliver: Deliver, clip_format: ClipFormat) -> None:
    """Turned, with a hidden colour, of the clip's own size: nothing of the file itself goes on."""
    raw = deliver()
    seen = np.full((48, 32, 4), (200, 40, 90, 255), np.uint8)
    seen[:24] = (0, 0, 0, 0)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera's name"
    Image.fromarray(np.ascontiguousarray(np.rot90(seen))).save(raw / "c0/product.png", exif=exif)
    record = prepare(raw, clip_format)
    with Image.open(raw.parent / "prepared" / str(record.product_image)) as picture:
        assert (picture.mode, picture.size, dict(picture.getexif())) == ("RGB", (32, 48), {})
        pixels_HWC = np.asarray(picture)
    assert (pixels_HWC[:24] == 255).all()
    assert (pixels_HWC[24:] == (200, 40, 90)).all()


def test_a_clean_reference_keeps_its_pixels_and_is_written_again(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver()
    before_1HWC = np.asarray(Image.open(raw / "c0/person.png"))
    record = prepare(raw, clip_format)
    np.testing.assert_array_equal(np.asarray(Image.open(raw.parent / "prepared" / record.person_image)), before_1HWC)


def jittered(path: Path) -> None:
    """25 frames a second, each a millisecond early or late."""
    frames_THWC, _ = read_video(path)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264rgb", rate=25, options={"qp": "0", "bf": "0"})
        stream.height, stream.width, stream.pix_fmt = *frames_THWC.shape[1:3], "rgb24"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, picture in enumerate(frames_THWC):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = 1 + 40 * number + (number * 7 % 3 - 1), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_a_millisecond_of_jitter_changes_no_pixel(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver()
    before_THWC, _ = read_video(raw / "c0/rgb.mp4")
    jittered(raw / "c0/rgb.mp4")
    jittered(raw / "c0/hoi.mp4")
    record = prepare(raw, clip_format)
    found_THWC, rate = read_video(raw.parent / "prepared" / record.video)
    np.testing.assert_array_equal(found_THWC, before_THWC)
    assert rate == 25.0


@pytest.mark.parametrize(("real", "typed"), [(30_000 / 1001, 29.97), (24_000 / 1001, 23.976), (24_000 / 1001, 23.98)])
def test_the_rate_that_a_message_asks_for_is_the_one_that_helps(
    released: Deliver, released_config: ReleasedCsvBatch, clip_format: ClipFormat, real: float, typed: float
) -> None:
    folder = released(rate=str(real))
    with pytest.raises(ClipError, match=r"add `container_frames_per_second: 2[39]\.9"):
        read_records(folder, released_config)
    config = released_config.model_copy(update={"container_frames_per_second": typed})
    (record,) = read_records(folder, config)
    job = ClipJob(record, folder, folder.parent / "prepared", clip_format, (25.0, typed))
    assert prepare_clip(job)[0].frames == 9


def test_sound_that_begins_late_is_late_in_the_prepared_clip(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver(audio="c0/sound.mkv")
    with av.open(str(raw / "c0/sound.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.full((1, 8000), 9000, np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16_000, 1600, Fraction(1, 16_000)
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    record = prepare(raw, clip_format)
    samples_S, _ = read_audio(raw.parent / "prepared" / record.audio)
    assert len(samples_S) == 9 * 640
    assert not samples_S[:1600].any()
    assert (samples_S[1600:] > 0.2).all()


def test_limits_are_the_batchs(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver()
    with pytest.raises(ClipError, match=r"clip c0 \| field video \| .*0\.0 megapixels a frame, the limit is 0\.001"):
        prepare(raw, clip_format, limits=MediaLimits(video_megapixels=0.001))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["pipe", "manifest", "link", "folder"])
def test_an_arrived_folder_is_looked_at_before_anything_in_it_is_opened(
    deliver: Deliver, project: Callable[..., None], kind: str
) -> None:
    raw = deliver()
    if kind == "pipe":
        os.mkfifo(raw / "c0/extra.wav")
    elif kind == "manifest":
        (raw / "manifest.jsonl").unlink()
        os.mkfifo(raw / "manifest.jsonl")
    elif kind == "link":
        (raw / "c0/extra").symlink_to("/etc/hostname")
    else:
        (raw / "c0/extra").symlink_to("/etc")
    project(raw)
    with pytest.raises(ValueError, match=r"datasets/raw/tiny/\S+ is a (pipe|link that leads out)"):
        deliver_batch("tiny")


def test_what_is_put_into_a_delivered_folder_later_is_looked_at_too(project: Callable[..., None]) -> None:
    project(None, source="studio", seed=0, clips=1)
    deliver_batch("tiny")
    Path("datasets/raw/tiny/passwd").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match=r"passwd is a link that leads out"):
        deliver_batch("tiny")


def test_a_video_of_another_size_within_is_named(deliver: Deliver, clip_format: ClipFormat, tmp_path: Path) -> None:
    raw = deliver()
    small, large = tmp_path / "s.h264", tmp_path / "l.h264"
    for path, side in ((small, 32), (large, 64)):
        write_video(path.with_suffix(".mp4"), np.zeros((5, side, side, 3), np.uint8), 25)
        with av.open(str(path.with_suffix(".mp4"))) as given, av.open(str(path), "w", format="h264") as made:
            stream = made.add_stream_from_template(given.streams.video[0])
            for packet in given.demux():
                if packet.dts is not None:
                    packet.stream = stream
                    made.mux(packet)
    with av.open(str(raw / "c0/rgb.ts"), "w", format="mpegts") as made:
        stream, number = None, 0
        for path in (small, large):
            with av.open(str(path), format="h264") as given:
                stream = stream or made.add_stream_from_template(given.streams.video[0])
                for packet in given.demux():
                    if packet.size:
                        packet.pts = packet.dts = 3600 * number
                        packet.time_base, packet.stream, number = Fraction(1, 90_000), stream, number + 1
                        made.mux(packet)
    with pytest.raises(ValueError, match=r"rgb\.ts .*: "):
        read_video(raw / "c0/rgb.ts")
