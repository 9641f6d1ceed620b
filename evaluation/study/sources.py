"""The methods of a study and their videos, checked before anything is written: same clips, same lengths, same rates.

What differs between methods beside the picture itself would tell a rater which is which: another length, another
rate, sound in one and none in another. Such differences are refused by name; another size is made equal.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.backends.video import VideoClip
from evaluation.references import read_videos
from foundation.media_files import MediaError
from foundation.names import check_name
from foundation.sound import read_audio
from foundation.video_reading import probe_video

SAME_RATE = 1e-3  # frames per second, relative
SAME_SHAPE = 0.02  # width over height, relative


@dataclass(frozen=True)
class Source:
    """One clip: its references, and the file of every method, by method."""

    clip: VideoClip
    videos: Mapping[str, Path]
    frames_per_second: float
    height: int  # that all are shown with
    width: int
    has_sound: bool  # of their own; where the clip has `audio`, that is played


def methods_of(given: Sequence[str], where: Path) -> dict[str, Path]:
    """Name -> folder, of texts as NAME=FOLDER.

    Raises:
        ValueError: one is not of that form, fewer than two, a name twice, or a folder that is not there.
    """
    methods: list[tuple[str, Path]] = []
    for text in given:
        name, equals, folder = text.partition("=")
        if not (equals and name.strip() and folder.strip()):
            raise ValueError(
                f"--method {text!r} is not of the form NAME=FOLDER: write --method champion=videos/champion"
            )
        methods.append((check_name(name.strip()), (where / folder.strip()).resolve()))
    if len(methods) < 2:
        raise ValueError(f"a study compares two methods or more, {len(methods)} given: add --method NAME=FOLDER")
    if twice := [name for name, count in Counter(name for name, _ in methods).items() if count > 1]:
        raise ValueError(f"method {twice[0]} is given twice: give each its own name")
    for name, folder in methods:
        if not folder.is_dir():
            raise ValueError(f"{folder} of method {name} is no folder: name the folder with its videos")
    return dict(methods)


def read_sources(methods: Mapping[str, Path], table: Path | None) -> list[Source]:
    """The clips that every method has a video of; references from a table as `graspline score` takes it.

    Raises:
        ValueError: a video that one method has is missing in another or cannot be read, or the methods differ in what
            must be equal.
    """
    clips: dict[str, dict[str, VideoClip]] = {}
    for name, folder in methods.items():
        found = read_videos(folder, table)
        for clip, why in found.refused.items():
            if why.startswith("its video"):
                raise ValueError(f"method {name}, clip {clip}: {why}")
        clips[name] = {clip.clip_id: clip for clip in found.clips}
    _check_same_names(clips)
    first, *_ = clips.values()
    return [_source(clip_id, {name: clips[name][clip_id] for name in methods}) for clip_id in sorted(first)]


def _check_same_names(clips: Mapping[str, Mapping[str, VideoClip]]) -> None:
    everything = set[str]().union(*clips.values())
    for name, own in clips.items():
        if missing := sorted(everything - own.keys()):
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            other = next(method for method, theirs in clips.items() if missing[0] in theirs)
            raise ValueError(
                f"method {name} has no video {missing[0]}{more}, {other} has: every method needs the same file names"
            )


def _source(clip_id: str, clips: Mapping[str, VideoClip]) -> Source:
    probed = {name: probe_video(Path(clip.video)) for name, clip in clips.items()}
    (first, (frames, rate, height, width)), *others = probed.items()
    for name, (its_frames, its_rate, its_height, its_width) in others:
        if abs(its_rate / rate - 1) > SAME_RATE:
            fault = f"{first} has {rate:g} frames a second, {name} {its_rate:g}: convert them to one rate"
            raise ValueError(f"clip {clip_id}: {fault}")
        if its_frames != frames:
            fault = f"{first} has {frames} frames, {name} {its_frames}: cut them to one length"
            raise ValueError(f"clip {clip_id}: {fault}")
        if abs(its_width * height / (its_height * width) - 1) > SAME_SHAPE:
            fault = f"{first} is {width}x{height}, {name} {its_width}x{its_height}: crop them to one shape"
            raise ValueError(f"clip {clip_id}: {fault}")
    clip = next(iter(clips.values()))
    _check_references(clip)
    sizes = [(one[2], one[3]) for one in probed.values()]
    smallest = min(sizes)
    return Source(
        clip=clip,
        videos={name: Path(one.video) for name, one in clips.items()},
        frames_per_second=rate,
        height=smallest[0] - smallest[0] % 2,
        width=smallest[1] - smallest[1] % 2,
        has_sound=clip.audio is None and _all_or_none_sound(clip_id, clips),
    )


def _check_references(clip: VideoClip) -> None:
    for field, file in clip.files().items():
        if not Path(file).is_file():
            raise ValueError(f"clip {clip.clip_id}: its {field} {file} is not there: mend the path in the CSV")


def _all_or_none_sound(clip_id: str, clips: Mapping[str, VideoClip]) -> bool:
    with_sound = {name: _has_sound(Path(clip.video)) for name, clip in clips.items()}
    if len(set(with_sound.values())) == 1:
        return all(with_sound.values())
    has = next(name for name, there in with_sound.items() if there)
    lacks = next(name for name, there in with_sound.items() if not there)
    raise ValueError(
        f"clip {clip_id}: {has} has sound and {lacks} has none: give `audio` in the CSV, it is played for all"
    )


def _has_sound(video: Path) -> bool:
    try:
        read_audio(video)
    except MediaError as error:
        if error.reason == "no_sound":
            return False
        raise
    return True
