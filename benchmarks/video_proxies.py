"""Does a metric notice damage on real videos? Every metric without weights of a user.

    python -m benchmarks.video_proxies VIDEOS CSV OUT [stretches=3] [frames=12]

Each video gives some short stretches (for the mouth against the sound, longer ones). A stretch and its damaged copy are
a pair; a cell is the mean difference of the pairs in units of the metric's own noise (the deviation of undamaged
stretches within a video), positive where the damage makes it worse. `swapped` gives the stretch another video's
reference, `shifted_audio` moves the sound by half a second. Noticed: the mean is two noise units or more, and every
pair but one in ten moved the right way. Writes OUT/proxies.json and OUT/proxies.md.
"""

import json
import math
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.video_damage import DAMAGES, DamageJob, Stretch
from data.annotators.config import ANNOTATORS
from data.annotators.launch import python_of
from evaluation.backends.config import ScoringConfig
from evaluation.backends.video import VideoClip
from evaluation.contracts import Metric
from evaluation.measuring.kinds import VideoMetric
from evaluation.references import read_videos
from evaluation.score_table import markdown
from evaluation.score_videos import score_videos, video_metrics
from foundation.child_process import follow
from foundation.home import ROOT
from foundation.sound import read_audio, write_audio
from foundation.video_reading import probe_video
from foundation.whole_file import write_whole

SWAPPED = {"swapped_product": "product", "swapped_face": "person"}
SHIFT_SECONDS = 0.5
LONG_FRAMES = 80  # of the stretches that the mouth is followed in
MOUTH = "mouth"  # the backend that they are for
NOTICED, RIGHT_WAY = 2.0, 0.9
Values = Mapping[str, Mapping[str, float]]
"""Damage -> stretch -> value."""


def stretches_of(clips: Sequence[VideoClip], count: int, frames: int) -> list[Stretch]:
    """Stretches evenly over each video: `<clip>_<number>`."""
    found: list[Stretch] = []
    for clip in clips:
        there = probe_video(Path(clip.video))[0]
        starts = np.linspace(0, there - frames, count).astype(int)
        found += [
            Stretch(name=f"{clip.clip_id}_{number}", video=clip.video, first=int(start), frames=frames)
            for number, start in enumerate(starts)
        ]
    return found


def damaged(clips: Sequence[VideoClip], stretches: Sequence[Stretch], damages: Sequence[str], out: Path) -> None:
    """Write every copy, in the environment that finds hands."""
    job = out / "job.json"
    out.mkdir(parents=True, exist_ok=True)
    write_whole(job, DamageJob(stretches=list(stretches), damages=list(damages), folder=str(out)).model_dump_json())
    arguments = ["-m", "benchmarks.video_damage", str(job)]
    code, last = follow(arguments, lambda _: None, {"PYTHONPATH": str(ROOT)}, python_of(ANNOTATORS), ROOT)
    if code:
        raise ValueError(f"the damaged copies could not be made: {last}")


def versions(clips: Sequence[VideoClip], stretches: Sequence[Stretch], out: Path) -> list[VideoClip]:
    """Every copy with its references, named `<damage>/<stretch>`; for swapped references the undamaged copy."""
    by_name, names = {clip.clip_id: clip for clip in clips}, [clip.clip_id for clip in clips]
    made: list[VideoClip] = []
    for stretch in stretches:
        name = stretch.name.rpartition("_")[0]
        own, other = by_name[name], by_name[names[(names.index(name) + 1) % len(names)]]
        for damage in [*DAMAGES, *SWAPPED]:
            folder = "clean" if damage in SWAPPED else damage
            given = own.model_copy(
                update={
                    "clip_id": f"{damage}/{stretch.name}",
                    "video": str(out / folder / f"{stretch.name}.mp4"),
                    "audio": None,
                }
            )
            if damage in SWAPPED:
                given = given.model_copy(update={SWAPPED[damage]: getattr(other, SWAPPED[damage])})
            made.append(given)
    return made


def with_sound(clips: Sequence[VideoClip], stretches: Sequence[Stretch], out: Path) -> list[VideoClip]:
    """Longer stretches with their own sound, and with the sound of half a second before."""
    made: list[VideoClip] = []
    by_name = {clip.clip_id: clip for clip in clips}
    for stretch in stretches:
        clip = by_name[stretch.name.rpartition("_")[0]]
        samples_S, rate = read_audio(Path(clip.audio or clip.video))
        for damage, seconds in (("clean", 0.0), ("shifted_audio", SHIFT_SECONDS)):
            first = round((stretch.first / probe_video(Path(clip.video))[1] - seconds) * rate)
            file = out / damage / f"{stretch.name}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            moved_S = np.roll(samples_S, -first)[: round(LONG_FRAMES / 25 * rate)]
            write_audio(file, moved_S, rate)
            video = str(out / "clean" / f"{stretch.name}.mp4")
            made.append(VideoClip(clip_id=f"{damage}/{stretch.name}", video=video, audio=str(file)))
    return made


def effects(metric: VideoMetric, values: Values) -> dict[str, dict[str, float]]:
    """Damage -> effect in noise units, share of pairs that moved the right way, pairs."""
    worse = -1.0 if metric.direction == "higher_is_better" else 1.0
    clean, unit = values["clean"], noise(values["clean"])
    found: dict[str, dict[str, float]] = {}
    for damage, own in values.items():
        differences = [worse * (value - clean[name]) for name, value in own.items() if name in clean]
        if damage == "clean" or not differences or not unit > 0:
            continue
        right = sum(difference > 0 for difference in differences) / len(differences)
        found[damage] = {"effect": float(np.mean(differences)) / unit, "right": right, "pairs": len(differences)}
    return found


def noise(clean: Mapping[str, float]) -> float:
    """Deviation of the stretches of a video about its mean, over all videos."""
    by_video: dict[str, list[float]] = defaultdict(list)
    for name, value in clean.items():
        by_video[name.rpartition("_")[0]].append(value)
    squares = sum(sum((value - np.mean(values)) ** 2 for value in values) for values in by_video.values())
    free = sum(len(values) - 1 for values in by_video.values())
    return math.sqrt(float(squares) / free) if free else math.nan


def noticed(effect: Mapping[str, float]) -> bool:
    return effect["effect"] >= NOTICED and effect["right"] >= RIGHT_WAY


def by_damage(metric: Metric) -> dict[str, dict[str, float]]:
    """`<damage>/<stretch>` -> value, taken apart."""
    values: dict[str, dict[str, float]] = defaultdict(dict)
    for name, value in metric.per_clip.items():
        damage, _, stretch = name.partition("/")
        values[damage][stretch] = value
    return dict(values)


def main(arguments: list[str]) -> None:
    videos, table, out = (Path(word).resolve() for word in arguments[:3])
    options = dict(word.split("=") for word in arguments[3:])
    clips = read_videos(videos, table).clips
    short = stretches_of(clips, int(options.get("stretches", 3)), int(options.get("frames", 12)))
    long = stretches_of(clips, int(options.get("stretches", 3)), LONG_FRAMES)
    damaged(clips, short, list(DAMAGES), out / "short")
    damaged(clips, long, ["clean"], out / "long")
    backends = {one.backend for one in video_metrics().values()}
    config = ScoringConfig()
    metrics = score_videos(versions(clips, short, out / "short"), config, print, sorted(backends - {MOUTH}))
    metrics |= score_videos(with_sound(clips, long, out / "long"), config, print, [MOUTH])
    kinds, found = video_metrics(), dict[str, dict[str, dict[str, float]]]()
    for name, metric in metrics.items():
        values = by_damage(metric)
        if "clean" in values:
            found[name] = effects(kinds[name], values)
    damages = [damage for damage in [*DAMAGES, *SWAPPED, "shifted_audio"] if damage != "clean"]
    rows = [[name, *(_cell(effect.get(damage)) for damage in damages)] for name, effect in found.items()]
    write_whole(out / "proxies.json", json.dumps({name: found[name] for name in found}, indent=1))
    write_whole(out / "proxies.md", markdown(("metric", *damages), rows))
    print((out / "proxies.md").read_text(encoding="utf-8"))


def _cell(effect: Mapping[str, float] | None) -> str:
    if effect is None:
        return "–"
    text = f"{effect['effect']:+.1f}"
    return f"**{text}**" if noticed(effect) else text


if __name__ == "__main__":
    main(sys.argv[1:])
