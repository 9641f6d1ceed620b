"""What 12,000 clips cost the first time, when nothing changed, and when 100 are added: see docs/experiments.md.

    python -m benchmarks.batches FOLDER [CLIPS [ADDED]]

Makes a project of its own in FOLDER (a copy of this checkout's code), fills datasets/raw with tiny clips that all
differ (5 frames of 32x32, seed = number of the clip), and times what `graspline run` does with a batch until it is
encoded: recorded, prepared with validation, encoded. Prints one JSON line a measurement: seconds by the clock, and
seconds of processor time, which a busy machine does not change much.
"""

import json
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data.contracts import ClipRecord, FrameBoxes
from data.thresholds import ValidationThresholds
from data.versions.batch_entry import BatchEntry
from data.versions.dataset_version import deliver_raw, order_batch, reproduce
from foundation.clip_format import ClipFormat
from foundation.git import git
from foundation.home import ROOT
from foundation.parent_watch import end_with_parent
from foundation.sound import write_audio
from foundation.video_writing import write_video

FRAMES, SIZE = 5, 32
ENCODING: dict[str, Any] = {
    "latent_codec": {"kind": "linear", "channels": 8},
    "text_encoder": {"kind": "hashed_words", "dim": 8, "tokens": 12},
    "audio_encoder": {"kind": "log_mel", "dim": 6, "layers": 1},
    "hoi_prompt": "structure video:",
    "clips_per_shard": 64,
}


def make_project(folder: Path) -> None:
    """A checkout of its own, with this one's code."""
    for name in filter(None, git("ls-files", "-z", folder=ROOT).split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/", "datasets/batches")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git("init", "-q", folder=folder)


def write_clip(folder: Path, number: int) -> ClipRecord:
    """A clip like no other: coloured blocks that drift over noise of their own."""
    clip_id, draw = f"c{number:06d}", np.random.default_rng(number)
    media = folder / "clips" / clip_id
    media.mkdir(parents=True, exist_ok=True)
    blocks_HWC = draw.integers(0, 255, (8, 8, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    frames_THWC = np.stack([np.roll(blocks_HWC, 2 * frame, axis=1) for frame in range(FRAMES)])
    hoi_THWC = frames_THWC.copy()
    hoi_THWC[:, :, :16] = 0
    write_video(media / "rgb.mp4", frames_THWC, 25, lossless=True)
    write_video(media / "hoi.mp4", hoi_THWC, 25, lossless=True)
    write_audio(media / "audio.wav", draw.uniform(-0.5, 0.5, FRAMES * 640).astype(np.float32))
    for name in ("person", "product"):
        Image.fromarray(draw.integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)).save(media / f"{name}.png")
    path = f"clips/{clip_id}"
    return ClipRecord(
        clip_id=clip_id,
        prompt=f"The person lifts product number {number}.",
        person_id=f"p{number % 97}",
        product_id=f"q{number % 89}",
        video=f"{path}/rgb.mp4",
        hoi_video=f"{path}/hoi.mp4",
        audio=f"{path}/audio.wav",
        person_image=f"{path}/person.png",
        product_image=f"{path}/product.png",
        frames=FRAMES,
        frames_per_second=25,
        height=SIZE,
        width=SIZE,
        boxes={2: FrameBoxes(face=(4, 2, 12, 10), left_hand=(8, 18, 14, 24), product=(14, 16, 24, 26))},
        licence="CC0-1.0",
        consent_date=date(2026, 1, 31),
    )


def deliver(batch: str, numbers: range) -> None:
    """Add clips to datasets/raw/<batch>, as a person would who copies a folder there."""
    folder = Path("datasets/raw") / batch
    with ProcessPoolExecutor(2, initializer=end_with_parent) as pool:
        records = pool.map(write_clip, repeat(folder), numbers, chunksize=20)
        lines = [record.model_dump_json(exclude_none=True) + "\n" for record in records]
    with (folder / "manifest.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(lines)


def entry(encoders: str) -> BatchEntry:
    """What the batch is ordered as."""
    return BatchEntry(
        batch={"source": "arrived"},
        clip=ClipFormat(frames=FRAMES, frames_per_second=25, height=SIZE, width=SIZE, motion_frames=0),
        # blocks that drift in all directions agree by chance
        validation=ValidationThresholds(least_structure_agreement=-1.0),
        encoders=encoders,
        encoding=ENCODING,
        code={"prepare": "", "encoders": "", "encode": ""},  # it stays what it is throughout
    )


def measure(what: str, batch: str, encoders: str, fit: bool = False) -> None:
    """Bring one batch from raw to encoded, and print how long each step took and how many clips it worked on."""
    lines: list[str] = []
    seconds: dict[str, float] = {}
    processor: dict[str, float] = {}
    steps = {
        "order": lambda: order_batch(batch, entry(encoders)),
        "raw": lambda: deliver_raw(batch, lines.append),
        "prepare": lambda: reproduce("prepare", batch, lines.append),
        **({"encoders": lambda: reproduce("encoders", batch, lines.append)} if fit else {}),
        "encode": lambda: reproduce("encode", batch, lines.append),
    }
    for name, step in steps.items():
        start, used = time.perf_counter(), processor_seconds()
        step()
        seconds[name] = round(time.perf_counter() - start, 2)
        processor[name] = round(processor_seconds() - used, 2)
    prepared = sum("clips prepared" in line and "validated" not in line for line in lines)
    totals = {"total": round(sum(seconds.values()), 2), "processor_total": round(sum(processor.values()), 2)}
    worked = {"clips_prepared": prepared, "load": round(os.getloadavg()[0], 1)}
    print(json.dumps({"what": what, **totals, "seconds": seconds, "processor": processor, **worked}), flush=True)


def processor_seconds() -> float:
    """Of this process and of all its children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main(folder: Path, clips: int, added: int) -> None:
    """The whole table."""
    make_project(folder)
    os.chdir(folder)
    deliver("base", range(900_000, 900_016))
    measure("16 clips, encoders fitted", "base", "base", fit=True)
    deliver("alone", range(500_000, 500_000 + added))
    measure(f"{added} alone", "alone", "base")
    deliver("big", range(clips))
    measure(f"{clips} the first time", "big", "base")
    measure(f"{clips}, nothing changed", "big", "base")
    deliver("beside", range(600_000, 600_000 + added))
    measure(f"{added} as a batch of their own beside {clips}", "beside", "base")
    deliver("big", range(clips, clips + added))
    measure(f"{added} added to the {clips}", "big", "base")
    measure(f"{clips + added}, nothing changed", "big", "base")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(word) for word in [*sys.argv[2:], *("12000", "100")[len(sys.argv) - 2 :]]))
