"""Deliver a batch of procedural clips: datasets/raw/<batch>/ as if a film crew had sent it.

Clip i of a delivery depends on (seed, i), the look and the clip format alone, so it has the same bytes whatever the
number of processes; it is unlike every clip before it (`casting`). A clip is there whole or not at all, and is listed
once it is there: an interrupted delivery continues. Two looks share scenes, words, motions and sound:

- `sketch`: capsules and spheres in one flat light, about 0.1 s for 33 frames of 96x64.
- `anny`: bodies of the parametric model Anny with faces and fingers, textured products, hands closed until they touch;
  any size, with `truth.npz` beside each clip (`anny/truth.py` lists what it holds). At full size:

      batch = StudioBatch(source="studio", seed=7, clips=20, look="anny")
      full_size = ClipFormat(frames=81, frames_per_second=25, height=1280, width=720, motion_frames=0)
      deliver(batch, full_size, Path("datasets/raw/x"), Spread(processes=2))
"""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from data.clips.manifest import NAME as MANIFEST
from data.clips.manifest import write_manifest
from data.contracts import ClipRecord
from data.sources.studio import StudioBatch
from data.sources.studio.film import FilmedClip, film
from foundation.clip_format import ClipFormat
from foundation.json_lines import append_line, read_lines
from foundation.map_items import Spread
from foundation.parent_watch import end_with_parent
from foundation.progress import report_progress
from foundation.sound import write_audio
from foundation.video_writing import write_video
from foundation.whole_file import write_whole

LISTED, ORDERED = "manifest.partial.jsonl", "order.json"
LICENCE, CONSENT = "CC0-1.0", date(2026, 1, 1)  # nobody was filmed: the people are drawn, their bodies CC0
STUDIO_VERSION = 2  # raise it whenever the same (seed, index) comes to look, sound or read differently


def deliver(config: StudioBatch, clip: ClipFormat, folder: Path, spread: Spread) -> int:
    """Film `config.clips` clips into `folder` and list them in `manifest.jsonl`. Gives their number.

    Media of clip i: clips/s<seed>_<i>/{rgb.mp4, hoi.mp4, audio.wav, person.png, product.png[, motion.mp4]}, lossless.

    Raises:
        ValueError: the folder holds a delivery of another seed, clip format or studio version.
    """
    folder.mkdir(parents=True, exist_ok=True)
    check_ordered(config, clip, folder)
    for unfinished in (folder / "clips").glob(".*"):
        shutil.rmtree(unfinished)
    listed = read_listed(folder)
    missing = [index for index in range(config.clips) if clip_id(config.seed, index) not in listed]
    film_one = partial(film_to_disk, config, clip, folder)
    for record in _film_all(film_one, missing, spread.processes):
        listed[record.clip_id] = record
        append_line(folder / LISTED, record.model_dump_json())
        report_progress(len(listed), config.clips, "clips filmed")
    records = [listed[clip_id(config.seed, index)] for index in range(config.clips)]
    write_manifest(folder, records, with_nulls=True)
    (folder / LISTED).unlink(missing_ok=True)
    return config.clips


def film_as_ordered(config: StudioBatch, index: int, clip: ClipFormat) -> FilmedClip:
    """Clip `index` in the look that was ordered."""
    if config.look == "sketch":
        return film(config.seed, index, clip)
    from data.sources.studio.anny.film import film as film_people

    return film_people(config.seed, index, clip, config.structure)


def clip_id(seed: int, index: int) -> str:
    return f"s{seed}_{index:04d}"


def check_ordered(config: StudioBatch, clip: ClipFormat, folder: Path) -> None:
    """Write down what this folder was ordered as, or compare. Only more clips of the same delivery may be asked for."""
    wanted = {
        "studio_version": STUDIO_VERSION,
        **config.model_dump(exclude={"source", "clips"}),
        "clip": clip.model_dump(mode="json", exclude={"lossless"}),  # what is delivered is always lossless
    }
    file = folder / ORDERED
    if not file.exists():
        write_whole(file, json.dumps(wanted, indent=1) + "\n")
    existing = json.loads(file.read_text(encoding="utf-8"))
    if existing != wanted:
        raise ValueError(
            f"raw batch {folder} holds another delivery ({existing}, ordered now: {wanted}): "
            "remove the folder or order what it holds"
        )


def read_listed(folder: Path) -> dict[str, ClipRecord]:
    """The clips already delivered, by id; a line cut short by an interruption does not count."""
    records: dict[str, ClipRecord] = {}
    for name in (MANIFEST, LISTED):
        for _, line in read_lines(folder / name, appended=True):
            record = ClipRecord.model_validate_json(line)
            if (folder / record.video).exists():
                records[record.clip_id] = record
    return records


def _film_all(film_one: Callable[[int], ClipRecord], indices: list[int], processes: int) -> Iterator[ClipRecord]:
    """In any order, in this process or in several. These start afresh: a fork of one that has encoded may hang."""
    if processes == 1 or len(indices) < 2:
        yield from map(film_one, indices)
        return
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(indices)), mp_context=fresh, initializer=end_with_parent) as pool:
        waiting = [pool.submit(film_one, index) for index in indices]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def film_to_disk(config: StudioBatch, clip: ClipFormat, folder: Path, index: int) -> ClipRecord:
    """Film one clip into a folder of its own, which appears under its name when it is whole."""
    name, filmed = clip_id(config.seed, index), film_as_ordered(config, index, clip)
    target, workplace = folder / "clips" / name, folder / "clips" / f".{name}.{os.getpid()}"
    workplace.mkdir(parents=True)
    rate = clip.frames_per_second
    write_video(workplace / "rgb.mp4", filmed.rgb_TYX3, rate, lossless=True)
    write_video(workplace / "hoi.mp4", filmed.hoi_TYX3, rate, lossless=True)
    if clip.motion_frames:
        write_video(workplace / "motion.mp4", filmed.motion_FYX3, rate, lossless=True)
    write_audio(workplace / "audio.wav", filmed.audio_S, clip.audio_samples_per_second)
    Image.fromarray(filmed.person_YX3).save(workplace / "person.png")
    Image.fromarray(filmed.product_YX3).save(workplace / "product.png")
    if filmed.truth:
        np.savez_compressed(workplace / "truth.npz", allow_pickle=False, **filmed.truth)
    shutil.rmtree(target, ignore_errors=True)
    workplace.rename(target)
    return ClipRecord(
        clip_id=name,
        prompt=filmed.scene.prompt,
        person_id=filmed.scene.person_id,
        product_id=filmed.scene.product_id,
        video=f"clips/{name}/rgb.mp4",
        hoi_video=f"clips/{name}/hoi.mp4",
        audio=f"clips/{name}/audio.wav",
        person_image=f"clips/{name}/person.png",
        product_image=f"clips/{name}/product.png",
        motion_video=f"clips/{name}/motion.mp4" if clip.motion_frames else None,
        frames=clip.frames,
        frames_per_second=rate,
        height=clip.height,
        width=clip.width,
        boxes=filmed.boxes,
        licence=LICENCE,
        consent_date=CONSENT,
    )
