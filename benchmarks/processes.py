"""Two processes against one in preparing and encoding, tiny clips and clips of a real size: see docs/experiments.md.

    python -m benchmarks.processes FOLDER [tiny=600] [large=12] [profile]

Tiny: 5 frames of 32x32, as benchmarks/batches.py makes them. Large: 33 frames, delivered at 864x496 and
prepared at 832x480, lossy. `map_items` alone is timed, first with one process, twice with two, again with one, so that
a machine that becomes slower or faster shows. Prints one JSON line a measurement; `profile` says instead where the
parent's time goes while two children work.
"""

import cProfile
import json
import os
import pstats
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.batches import ENCODING, FRAMES, SIZE, write_clip
from data.clips.manifest import read_manifest, write_manifest
from data.contracts import ClipRecord, FrameBoxes
from data.preparation.prepare_clip import ClipJob
from data.preparation.prepared_memory import Done, prepare_and_hash
from data.sources.studio.film import film
from data.versions.batch_entry import BatchEntry, write_entry
from foundation.clip_format import ClipFormat
from foundation.digests import folder_digest
from foundation.map_items import Spread, map_items
from foundation.parent_watch import end_with_parent
from foundation.sound import write_audio
from foundation.video_writing import write_video
from model.contracts import EncodingConfig
from model.encoding.encode_clips import EncodeJob, encode_missing
from model.encoding.fit_encoders import fit_encoders

TINY = ClipFormat(frames=FRAMES, frames_per_second=25, height=SIZE, width=SIZE, motion_frames=0)
LARGE = ClipFormat(frames=33, frames_per_second=25, height=832, width=480, motion_frames=0, lossless=False)
SMALL = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)
DELIVERED = (864, 496)  # height, width of a large clip
PARTS = ("rgb", "hoi", "product", "text", "hoi_text", "audio", "regions")
Make = Callable[[Path, int], ClipRecord]
ENCODED = EncodingConfig.model_validate(ENCODING)


def write_large(folder: Path, number: int) -> ClipRecord:
    """A sketch of the studio's, enlarged: real movement, drawn in a tenth of the time."""
    name, filmed, (height, width) = f"l{number:04d}", film(0, number, SMALL), DELIVERED
    media = folder / "clips" / name
    media.mkdir(parents=True)

    def large(frame_HWC: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(frame_HWC).resize((width, height), Image.Resampling.BICUBIC))

    for kind, frames in (("rgb", filmed.rgb_TYX3), ("hoi", filmed.hoi_TYX3)):
        write_video(media / f"{kind}.mp4", np.stack([large(frame) for frame in frames]), 25, lossless=False)
    write_audio(media / "audio.wav", filmed.audio_S)
    for kind, picture in (("person", filmed.person_YX3), ("product", filmed.product_YX3)):
        Image.fromarray(large(picture)).save(media / f"{kind}.png")
    boxes = {frame: FrameBoxes(face=(180, 100, 300, 260), left_hand=(60, 500, 140, 600)) for frame in range(2, 33, 4)}
    small = write_clip(folder / "unused", number)
    home = f"clips/{name}"
    media_of = {"video": "rgb.mp4", "hoi_video": "hoi.mp4", "audio": "audio.wav"}
    media_of |= {"person_image": "person.png", "product_image": "product.png"}
    size = {"frames": 33, "height": height, "width": width}
    paths = {field: f"{home}/{file}" for field, file in media_of.items()}
    return small.model_copy(update={**paths, **size, "clip_id": name, "boxes": boxes})


def deliver(raw: Path, make: Make, count: int) -> list[ClipRecord]:
    with ProcessPoolExecutor(2, initializer=end_with_parent) as pool:
        return list(pool.map(make, repeat(raw), range(count), chunksize=max(1, count // 20)))


def measure(what: str, work: Callable[[Any], Any], jobs: Sequence[Any], processes: int, profile: bool) -> None:
    """Time one map; the parent's own processor seconds stand beside its children's."""
    start, before = time.perf_counter(), os.times()
    profiler = cProfile.Profile(builtins=False)
    if profile:
        profiler.enable()
    count = sum(1 for _ in map_items(work, jobs, Spread(processes=processes)))
    profiler.disable()
    seconds, after = time.perf_counter() - start, os.times()
    own = after.user + after.system - before.user - before.system
    children = after.children_user + after.children_system - before.children_user - before.children_system
    row = {"what": what, "clips": count, "processes": processes, "seconds": round(seconds, 2)}
    row |= {"clips_a_second": round(count / seconds, 2), "parent": round(own, 2), "children": round(children, 2)}
    print(json.dumps({**row, "load": round(os.getloadavg()[0], 1)}), flush=True)
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(12)


def prepared_as(jobs: Sequence[ClipJob], folder: Path) -> list[ClipJob]:
    shutil.rmtree(folder, ignore_errors=True)
    return [replace(job, prepared=folder) for job in jobs]


def measure_size(
    name: str, make: Callable[[Path, int], ClipRecord], count: int, clip: ClipFormat, profile: bool
) -> None:
    raw, prepared = Path(f"datasets/raw/{name}"), Path(f"datasets/prepared/{name}")
    records = deliver(raw, make, count)
    jobs = [ClipJob(record, raw, prepared, clip, (25.0,)) for record in records]
    runs = [2] if profile else [1, 2, 2, 1]
    for number, processes in enumerate(runs):
        measure(f"prepare, {name}", prepare_and_hash, prepared_as(jobs, Path(f"again/{number}")), processes, profile)
        shutil.rmtree(f"again/{number}")
    done = [item for item in map_items(prepare_and_hash, jobs, Spread(processes=2)) if isinstance(item, Done)]
    write_manifest(prepared, [item.record for item in done])
    encoders = fitted(name, clip)
    digest = folder_digest(encoders)
    encode = [EncodeJob(record, prepared, clip, ENCODED, encoders, digest, PARTS) for record in read_manifest(prepared)]
    for processes in runs:
        measure(f"encode, {name}", encode_missing, encode, processes, profile)


def fitted(name: str, clip: ClipFormat) -> Path:
    """The encoders of the prepared batch, fitted on a few of its clips."""
    import model.encoding.fit_encoders as fit

    fit.assert_valid = lambda _: None  # nobody validated what is measured here
    write_entry(name, BatchEntry(batch={"source": "arrived"}, clip=clip, encoders=name, encoding=ENCODING))
    fit_encoders(name)
    return Path("datasets/encoders") / name


def main(folder: Path, words: Sequence[str]) -> None:
    """All four maps."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.chdir(folder)
    counts = {"tiny": 600, "large": 12} | {word.split("=")[0]: int(word.split("=")[1]) for word in words if "=" in word}
    for name, make, clip in (("tiny", write_clip, TINY), ("large", write_large, LARGE)):
        if counts[name]:
            measure_size(name, make, counts[name], clip, "profile" in words)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
