"""A small studio delivery with every defect planted, one clip each: all are named, and the good clip is not.

Nothing is prepared by hand: the raw batch is filmed, spoilt, and judged as `graspline data validate` does it. To see it
(and then remove the folder, because `graspline run` takes in what lies in datasets/raw):

    python tests/data/preparation/test_planted_defects.py datasets/raw/planted && graspline data validate planted
"""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.preparation.validate_batch import Report, validate_batch
from data.sources.studio.film import film
from data.thresholds import AcceptedDefect, ValidationThresholds
from data.versions.batch_entry import BatchEntry
from foundation.clip_format import ClipFormat
from foundation.failures import Failure
from foundation.sound import write_audio
from foundation.video_reading import read_video
from foundation.video_writing import write_video

CLIP = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)
GOOD = ("good", "shown_twice")
RAISED, WAVING = 0, 4  # studio clips: something moves a lot in both
Record = dict[str, Any]


def boxes(record: Record, frame: int, **changes: list[int] | None) -> None:
    record["boxes"][frame] = {**record["boxes"][frame], **changes}


def every_box(record: Record, **changes: list[int] | None) -> None:
    for frame in record["boxes"]:
        boxes(record, frame, **changes)


def video(name: str, change: Callable[[np.ndarray], np.ndarray], rate: float = 25) -> Callable[[Record, Path], None]:
    def spoil(_record: Record, folder: Path) -> None:
        frames, _ = read_video(folder / name)
        write_video(folder / name, change(frames), rate, lossless=True)

    return spoil


def field(name: str, value: object) -> Callable[[Record, Path], None]:
    return lambda record, _folder: record.update({name: value})


def sound(samples: np.ndarray) -> Callable[[Record, Path], None]:
    return lambda _record, folder: write_audio(folder / "audio.wav", samples.astype(np.float32))


def cut(name: str) -> Callable[[Record, Path], None]:
    return lambda _record, folder: (folder / name).write_bytes((folder / name).read_bytes()[:300]) and None


def late(frames: np.ndarray) -> np.ndarray:
    """Six frames behind."""
    return frames[np.maximum(np.arange(len(frames)) - 6, 0)]


def of_another_clip(_frames: np.ndarray) -> np.ndarray:
    return film(0, 22, CLIP).hoi_TYX3[::-1, :, ::-1].copy()


def at_latent_frames(record: Record, _folder: Path) -> None:
    record["boxes"] = dict(enumerate(record["boxes"].values()))


def in_step_with_late(record: Record, folder: Path) -> None:
    """Picture and structure video six frames behind their boxes."""
    for name in ("rgb.mp4", "hoi.mp4"):
        video(name, late)(record, folder)


# clip: (studio clip, what is done to it, {(field, name of the rule or part of what it says)} that must be told)
DEFECTS: dict[str, tuple[int, Callable[[Record, Path], None], set[tuple[str, str]]]] = {
    "unreadable": (1, cut("rgb.mp4"), {("video", "can be read")}),
    "no_structure": (2, field("hoi_video", "clips/no_structure/gone.mp4"), {("hoi_video", "the file exists")}),
    "outside": (3, field("audio", "../../../etc/passwd"), {("audio", "the file exists in the batch's folder")}),
    "wrong_rate": (5, video("rgb.mp4", lambda frames: frames, rate=24), {("video", "25 expected")}),
    "short": (6, video("rgb.mp4", lambda frames: frames[:20]), {("video", "its record states 33 frames")}),
    "short_structure": (7, video("hoi.mp4", lambda frames: frames[:20]), {("hoi_video", "clip's frames and size")}),
    "small_structure": (8, video("hoi.mp4", lambda frames: frames[:, ::2, ::2]), {("hoi_video", "frames and size")}),
    "wrong_size": (9, field("height", 128), {("video", "its record states 33 frames of 128x64")}),
    "short_sound": (10, sound(np.ones(9000)), {("audio", "as long as the clip")}),
    "silent": (11, sound(np.zeros(21_120)), {("audio", "audio_peak")}),
    "black_structure": (12, video("hoi.mp4", np.zeros_like), {("hoi_video", "structure_share")}),
    "copied_structure": (13, video("hoi.mp4", lambda f: np.maximum(f, 40)), {("hoi_video", "structure_share")}),
    "late_structure": (RAISED, video("hoi.mp4", late), {("hoi_video", "structure_lag")}),
    "other_structure": (14, video("hoi.mp4", of_another_clip), {("hoi_video", "structure_agreement")}),
    "early_boxes": (WAVING, in_step_with_late, {("boxes", "picture_boxes_lag"), ("boxes", "structure_boxes_lag")}),
    "latent_boxes": (15, at_latent_frames, {("boxes", "box_frames")}),
    "no_face": (16, lambda record, _: every_box(record, face=None), {("boxes", "face_share")}),
    "no_hands": (17, lambda r, _: every_box(r, left_hand=None, right_hand=None), {("boxes", "hand_share")}),
    "no_product_box": (18, lambda record, _: every_box(record, product=None), {("boxes", "product_share")}),
    "reversed_box": (19, lambda r, _: boxes(r, 6, face=[40, 40, 30, 20]), {("face box on frame 6", "x2_minus_x1")}),
    "negative_box": (20, lambda r, _: boxes(r, 6, face=[-9, 10, 20, 30]), {("face box on frame 6", "x1")}),
    "outside_box": (21, lambda r, _: boxes(r, 6, face=[50, 10, 80, 30]), {("face box on frame 6", "room_right")}),
    "jumping_box": (23, lambda r, _: boxes(r, 14, face=[1, 60, 18, 80]), {("face box on frame 14", "face_jump")}),
    "covering_box": (
        24,
        lambda record, _: boxes(record, 10, product=[2, 2, 61, 93]),
        {("product box on frame 10", rule) for rule in ("face_covered", "product_area", "product_growth")},
    ),
    "huge_hand": (25, lambda r, _: boxes(r, 6, left_hand=[2, 2, 61, 60]), {("left_hand box on frame 6", "hand_area")}),
    "no_prompt": (26, field("prompt", "  "), {("prompt", "prompt")}),
    "no_licence": (27, field("licence", ""), {("licence", "licence")}),
    "no_consent": (28, field("consent_date", None), {("consent_date", "consent_date")}),
    "future_consent": (29, field("consent_date", "2999-01-01"), {("consent_date", "consent_days")}),
    "nobody": (30, field("person_id", "unknown"), {("person_id", "person_id")}),
    "no_product_id": (31, field("product_id", ""), {("product_id", "product_id")}),
    "copy": (33, lambda _record, _folder: None, {("video", "content_sha256")}),
    "nearly_a_copy": (
        34,
        video("rgb.mp4", lambda frames: (frames * 0.9 + 12).astype(np.uint8)),
        {("video", "similarity")},
    ),
}
SAME_AS = {"copy": 33, "nearly_a_copy": 34}


def deliver_clip(raw: Path, clip_id: str, index: int) -> Record:
    filmed, folder = film(0, index, CLIP), raw / "clips" / clip_id
    folder.mkdir(parents=True)
    write_video(folder / "rgb.mp4", filmed.rgb_TYX3, 25, lossless=True)
    write_video(folder / "hoi.mp4", filmed.hoi_TYX3, 25, lossless=True)
    write_audio(folder / "audio.wav", filmed.audio_S)
    Image.fromarray(filmed.person_YX3).save(folder / "person.png")
    Image.fromarray(filmed.product_YX3).save(folder / "product.png")
    media = {"video": "rgb.mp4", "hoi_video": "hoi.mp4", "audio": "audio.wav"}
    images = {"person_image": "person.png", "product_image": "product.png"}
    return {
        **{name: f"clips/{clip_id}/{file}" for name, file in {**media, **images}.items()},
        "clip_id": clip_id,
        "prompt": filmed.scene.prompt,
        "licence": "CC0-1.0",
        "consent_date": "2026-01-31",
        "person_id": filmed.scene.person_id,
        "product_id": filmed.scene.product_id,
        "frames": 33,
        "frames_per_second": 25.0,
        "height": 96,
        "width": 64,
        "boxes": {frame: found.model_dump() for frame, found in filmed.boxes.items()},
    }


def write_batch(raw: Path) -> None:
    records = [deliver_clip(raw, "good", 35)]
    for clip_id, (index, spoil, _) in DEFECTS.items():
        record = deliver_clip(raw, clip_id, index)
        spoil(record, raw / "clips" / clip_id)
        records.append(record)
        if clip_id in SAME_AS:
            records.append(deliver_clip(raw, f"source_of_{clip_id}", index))
    twice = deliver_clip(raw, "shown_twice", 36)
    (raw / "manifest.jsonl").write_text("".join(json.dumps(record) + "\n" for record in [*records, twice, twice]))


def judge(**thresholds: Any) -> Report:
    validation = ValidationThresholds(**thresholds)
    entry = BatchEntry(batch={"source": "arrived"}, clip=CLIP, validation=validation, encoders="planted", encoding={})
    return validate_batch("planted", entry)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose only batch is the planted one."""
    project = tmp_path_factory.mktemp("project")
    write_batch(project / "datasets/raw/planted")
    return project


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return judge()


def told(report: Report, clip_id: str) -> list[Failure]:
    return [failure for failure in report.verdict.failures if failure.clip_id == clip_id]


@pytest.mark.parametrize("clip_id", DEFECTS)
def test_every_planted_defect_is_named(clip_id: str, report: Report) -> None:
    failures = told(report, clip_id)
    for at, rule in DEFECTS[clip_id][2]:
        assert any(
            failure.field == at and rule in failure.message and failure.value and failure.fix for failure in failures
        ), [str(failure) for failure in failures]


def test_only_what_is_wrong_is_named(report: Report) -> None:
    assert told(report, "good") == []
    assert {failure.name for failure in told(report, "shown_twice")} == {"clip_id", "content_sha256"}
    assert not report.verdict.valid


def test_the_page_shows_every_fault(report: Report, folder: Path) -> None:
    page = (folder / report.page).read_text()
    for clip_id in DEFECTS:
        assert f'<td class="name">{clip_id}</td>' in page
    assert page.count("data:image/jpeg;base64,") == 12


def test_what_is_accepted_is_named_with_its_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    shutil.copytree("datasets/raw/planted", "datasets/raw/few")
    manifest = Path("datasets/raw/few/manifest.jsonl")
    lines = manifest.read_text().splitlines(keepends=True)
    manifest.write_text("".join(line for line in lines if '"good"' in line or '"no_prompt"' in line))
    known = AcceptedDefect(batch="few", clip="no_prompt", rule="prompt", fields=["prompt"], reason="a silent film")
    gone = AcceptedDefect(batch="few", clip="good", rule="licence", fields=["licence"], reason="asked for")
    entry = BatchEntry(
        batch={"source": "arrived"},
        clip=CLIP,
        validation=ValidationThresholds(accepted_defects=[known, gone]),
        encoders="few",
        encoding={},
    )
    found = validate_batch("few", entry).verdict
    assert found.valid
    assert [(failure.clip_id, reason) for failure, reason in found.accepted] == [("no_prompt", "a silent film")]
    assert len(found.no_longer) == 1
    assert "clip good | field licence | licence: accepted, but it does not occur" in found.no_longer[0]


if __name__ == "__main__":
    write_batch(Path(sys.argv[1]))
