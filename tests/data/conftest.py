"""Small deliveries to prepare: one moving square a clip, in the studio's way and in the released CSV's way."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.clips.manifest import write_manifest
from data.contracts import ClipRecord, FrameBoxes
from data.sources.released_csv import ReleasedCsvBatch
from data.versions.batch_entry import BatchEntry, Harmless, write_entry
from foundation.clip_format import ClipFormat
from foundation.sound import write_audio
from foundation.video_writing import write_video

FRAMES, HEIGHT, WIDTH, RATE = 9, 48, 32, 25.0
EXPECTED = (2, 6)  # the frames of a clip of 9 that carry boxes


@pytest.fixture
def clip_format() -> ClipFormat:
    return ClipFormat(frames=FRAMES, frames_per_second=25, height=HEIGHT, width=WIDTH, motion_frames=0)


def moving_square(seed: int, frames: int = FRAMES, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """A bright square on black that moves a pixel a frame. [T, H, W, 3]"""
    frames_THWC = np.zeros((frames, height, width, 3), np.uint8)
    for frame in range(frames):
        left = 2 + seed % 5 + frame
        frames_THWC[frame, 10:26, left : left + 12] = (200, 40 + 20 * (seed % 9), 90)
    return frames_THWC


def write_clip(folder: Path, clip_id: str, seed: int, frames: int = FRAMES, rate: float = RATE) -> dict[str, Any]:
    """Media of one clip; the fields of its record."""
    (folder / clip_id).mkdir(parents=True)
    frames_THWC = moving_square(seed, frames)
    write_video(folder / clip_id / "rgb.mp4", np.maximum(frames_THWC, 30), rate, lossless=True)
    write_video(folder / clip_id / "hoi.mp4", frames_THWC, rate, lossless=True)
    samples_S = np.sin(np.arange(round(frames * 640)) / 20).astype(np.float32) * 0.5
    write_audio(folder / clip_id / "sound.wav", samples_S)
    for name in ("person", "product"):
        Image.fromarray(frames_THWC[0]).save(folder / clip_id / f"{name}.png")
    return {
        "clip_id": clip_id,
        "prompt": f"The square number {seed} moves.",
        "person_id": "nobody",
        "product_id": "square",
        "licence": "CC0-1.0",
        "consent_date": "2026-01-31",
        "video": f"{clip_id}/rgb.mp4",
        "hoi_video": f"{clip_id}/hoi.mp4",
        "audio": f"{clip_id}/sound.wav",
        "person_image": f"{clip_id}/person.png",
        "product_image": f"{clip_id}/product.png",
        "frames": frames,
        "frames_per_second": rate,
        "height": HEIGHT,
        "width": WIDTH,
        "boxes": {
            frame: FrameBoxes(face=(2, 2, 12, 12), left_hand=(4, 20, 9, 30), product=(3, 10, 20, 26))
            for frame in EXPECTED
        },
    }


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[..., Path]:
    """Write a raw batch of clips; keyword arguments change fields of the first record."""

    def write(clips: int = 1, **changes: Any) -> Path:
        folder = tmp_path / "raw"
        fields = [write_clip(folder, f"c{number}", number) for number in range(clips)]
        fields[0] |= changes
        write_manifest(folder, [ClipRecord.model_validate(found) for found in fields])
        return folder

    return write


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A project of its own with one batch, `tiny`, out of a folder or ordered; it becomes the working folder."""

    def make(folder: Path | None, source: str = "arrived", **ordered: Any) -> None:
        monkeypatch.chdir(tmp_path)
        Path("datasets/raw").mkdir(parents=True)
        if folder is not None:
            folder.rename("datasets/raw/tiny")
        clip = ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=0)
        batch, harmless = {"source": source, **ordered}, Harmless(preparation_processes=1)
        write_entry("tiny", BatchEntry(batch=batch, clip=clip, encoders="tiny", encoding={}, harmless=harmless))

    return make


@pytest.fixture
def released_config(tmp_path: Path) -> ReleasedCsvBatch:
    return ReleasedCsvBatch(source="released_csv", path=str(tmp_path / "released"))


@pytest.fixture
def released(tmp_path: Path) -> Callable[..., Path]:
    """Write a delivery in the released CSV format; keyword arguments replace cells, `drop` columns, `rename` them."""

    def write(drop: tuple[str, ...] = (), rename: dict[str, str] | None = None, **cells: str) -> Path:
        folder = tmp_path / "released"
        media = write_clip(folder, "0", 0, rate=float(cells.pop("rate", "25")))
        columns = {"video": "input_video", "hoi_video": "hoi_video", "audio": "audio", "person_image": "person_image"}
        row = {column: str(media[field]) for field, column in columns.items()} | {
            "prompt": "a square moves",
            "product_image": "0/product.png",
            "face": json.dumps({f"frame_{frame}": [2, 2, 12, 12] for frame in EXPECTED}),
            "hand_object": json.dumps({f"frame_{frame}": hands() for frame in EXPECTED}),
            "height": str(HEIGHT),
            "width": str(WIDTH),
            **cells,
        }
        kept = {(rename or {}).get(column, column): cell for column, cell in row.items() if column not in drop}
        with (folder / "data.csv").open("w", newline="") as handle:
            writer = csv.DictWriter(handle, kept)
            writer.writeheader()
            writer.writerow(kept)
        return folder

    return write


def hands(**parts: list[int]) -> dict[str, list[int]]:
    return {"l_h": [4, 20, 9, 30], "r_h": [20, 20, 25, 30], "obj": [3, 10, 20, 26], **parts}
