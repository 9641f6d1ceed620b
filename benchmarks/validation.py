"""How long does validating a large batch take?

    python -m benchmarks.validation 12000 [FOLDER]

Films and prepares 200 small generated clips, then makes a prepared batch of 12,000 rows out of them: every row has
files (hard links), ids and a look of its own. What is timed is what `graspline data validate` does: digests of all
files, facts read, every clip compared with every other, the rules on clips and boxes, the page. Facts are measured
while clips are prepared; that time is printed too. FOLDER (a temporary one if none is given) is removed.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.clips.manifest import read_manifest, write_manifest
from data.contracts import ClipRecord
from data.preparation.prepare_clips import prepare_batch
from data.preparation.validate_batch import validate_batch
from data.validation.batch_facts import Measured, read_facts, write_facts
from data.validation.clip_fingerprint import FRAMES as LOOK_FRAMES
from data.validation.clip_fingerprint import SIDE as LOOK_SIDE
from data.validation.verdict import Verdict, write_validation
from data.versions.batch_entry import BatchEntry, write_entry
from foundation.clip_format import ClipFormat
from foundation.sound import write_audio
from foundation.video_writing import write_video
from foundation.whole_file import write_whole

FILMS = 200
LOOK = LOOK_FRAMES * LOOK_SIDE * LOOK_SIDE * 3  # bytes of a fingerprint
WRITTEN = ("video", "hoi_video", "audio", "person_image", "product_image")
FRAMES, HEIGHT, WIDTH, SIDE = 33, 48, 32, 10
CLIP = ClipFormat(frames=FRAMES, frames_per_second=25, height=HEIGHT, width=WIDTH, motion_frames=0)


def write_films(raw: Path, clips: int) -> None:
    """Generate a raw batch: in each clip a square on its own background goes its own way."""
    write_whole(raw / "manifest.jsonl", "".join(_write_clip(raw, number) for number in range(clips)))


def multiply(batch: str, rows: int) -> None:
    """Make a prepared batch of so many rows out of a small one: new ids and looks, files by hard links."""
    prepared = Path("datasets/prepared") / batch
    measured, records = read_facts(prepared), read_manifest(prepared)
    random = np.random.default_rng(0)
    clips: list[Measured] = []
    lines: list[ClipRecord] = []
    for row in range(rows):
        (facts, delivered), record = measured[row % len(measured)], records[row % len(records)]
        name = f"row_{row:05d}"
        (prepared / "clips" / name).mkdir()
        for file in (prepared / "clips" / record.clip_id).iterdir():
            (prepared / "clips" / name / file.name).hardlink_to(file)
        look = b64encode(random.integers(0, 256, LOOK, np.uint8).tobytes()).decode()
        ids = {"clip_id": name, "person_id": f"person_{row % 500}", "product_id": f"square_{row}"}
        clips.append(
            Measured(
                replace(facts, **ids, fingerprint=look, content_sha256=f"{row:064x}"),
                delivered.model_copy(update={"clip_id": name}),
            )
        )
        media = {field: getattr(record, field).replace(record.clip_id, name) for field in WRITTEN}
        lines.append(record.model_copy(update={**ids, **media}))
    for record in records:
        shutil.rmtree(prepared / "clips" / record.clip_id)
    write_manifest(prepared, lines)
    write_facts(prepared, clips)
    write_validation(prepared, Verdict((), (), ()), rows, raw_digest="")


def entry_of() -> BatchEntry:
    """How the generated batch is to be judged."""
    return BatchEntry(
        batch={"source": "arrived"},
        clip=CLIP,
        encoders="many",
        encoding={},
    )


def _write_clip(raw: Path, number: int) -> str:
    random = np.random.default_rng([7, number])
    folder = raw / "clips" / f"{number:05d}"
    folder.mkdir(parents=True)
    top_left_2 = np.array([12, 2])  # below the face
    room_2 = np.array([HEIGHT, WIDTH]) - SIDE - 2 - top_left_2
    turns_T2 = np.linspace(0, random.uniform(2, 4, 2), FRAMES) + random.uniform(0, 6, 2)
    at_T2 = (top_left_2 + room_2 * (0.5 + 0.5 * np.sin(turns_T2))).astype(int)
    small = Image.fromarray(random.integers(90, 150, (6, 4, 3), np.uint8))
    rgb_THWC = np.repeat(np.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))[None], FRAMES, axis=0)
    person = Image.fromarray(rgb_THWC[0])
    hoi_THWC = np.zeros_like(rgb_THWC)
    colour = random.integers(0, 60, 3)
    for frame, (top, left) in enumerate(at_T2):
        rgb_THWC[frame, top : top + SIDE, left : left + SIDE] = colour
        hoi_THWC[frame, top : top + SIDE, left : left + SIDE] = 210
    write_video(folder / "rgb.mp4", rgb_THWC, 25, lossless=True)
    write_video(folder / "hoi.mp4", hoi_THWC, 25, lossless=True)
    write_audio(folder / "audio.wav", random.uniform(-0.3, 0.3, FRAMES * 640).astype(np.float32))
    for name in ("person", "product"):
        person.save(folder / f"{name}.png")
    return json.dumps(_record(f"{number:05d}", at_T2)) + "\n"


def _record(name: str, at_T2: NDArray[np.int64]) -> dict[str, object]:
    boxes: dict[int, dict[str, list[int]]] = {}
    for frame in range(2, FRAMES, 4):
        top, left = (int(edge) for edge in at_T2[frame])
        square = [left, top, left + SIDE - 1, top + SIDE - 1]
        boxes[frame] = {"face": [2, 2, 9, 9], "left_hand": square, "right_hand": square, "product": square}
    files = ("rgb.mp4", "hoi.mp4", "audio.wav", "person.png", "product.png")
    return {
        **{field: f"clips/{name}/{file}" for field, file in zip(WRITTEN, files, strict=True)},
        "clip_id": name,
        "prompt": f"square number {name} moves",
        "licence": "CC0-1.0",
        "consent_date": "2026-01-31",
        "person_id": f"person_{name}",
        "product_id": f"square_{name}",
        "frames": FRAMES,
        "frames_per_second": 25.0,
        "height": HEIGHT,
        "width": WIDTH,
        "boxes": boxes,
    }


@contextmanager
def _timed(what: str) -> Generator[None]:
    begun, worked = time.monotonic(), time.process_time()
    yield
    wall, own = time.monotonic() - begun, time.process_time() - worked
    print(f"{what:<44} {wall:6.1f} s, {own:6.1f} s of this process's CPU", flush=True)


def main(rows: int, project: Path) -> None:
    """Print a line a step."""
    os.chdir(project)
    entry, films = entry_of(), min(FILMS, rows)
    write_films(Path("datasets/raw/many"), films)
    write_entry("many", entry)
    with _timed(f"{films} clips prepared, measured and judged"):
        prepare_batch("many")
    with _timed(f"{rows} rows made of them"):
        multiply("many", rows)
    for how in ("judged, files read once", "judged again, digests remembered"):
        with _timed(f"{rows} rows {how}"):
            report = validate_batch("many", entry)
        boxes = rows * 4 * len(range(2, FRAMES, 4))
        print(f"{report.clips} clips, {boxes} boxes, {len(report.verdict.failures)} faults")


if __name__ == "__main__":
    given = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.mkdtemp(prefix="graspline_"))
    given.mkdir(parents=True, exist_ok=True)
    try:
        main(int(sys.argv[1]), given.resolve())
    finally:
        shutil.rmtree(given)
