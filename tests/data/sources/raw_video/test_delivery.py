"""A delivery of footage: bad files are listed and the others go on, what is finished is not made again."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.annotators.config import AnnotationConfig
from data.clips.manifest import read_manifest
from data.contracts import ClipRecord
from data.sources.raw_video import RawVideoBatch
from data.sources.raw_video.delivery import OUTCOMES, SURVEYS, Outcome, clip_names, deliver
from data.sources.raw_video.rejected import by_reason, read_rejected
from foundation.clip_format import ClipFormat
from foundation.json_lines import append_line
from foundation.map_items import Spread

Film = Callable[..., Path]
Pictures = Callable[..., np.ndarray]
CLIP = ClipFormat(frames=9, frames_per_second=25, height=96, width=64, motion_frames=5)
NOWHERE = AnnotationConfig.model_validate({"pose": {"kind": "mediapipe", "environment": ".no-such-environment"}})


def ordered(footage: Path) -> RawVideoBatch:
    """Without annotators: whatever needs them says that they are missing."""
    return RawVideoBatch(source="raw_video", path=str(footage), annotation=NOWHERE)


def spoil(footage: Path, film: Film, pictures: Pictures, sound: Callable[[float], np.ndarray]) -> None:
    """One file of every kind that is of no use."""
    whole = film("whole.mp4", pictures(30), samples_S=sound(1.2)).read_bytes()
    (footage / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (footage / "whole.mp4").unlink()
    (footage / "zero.mp4").write_bytes(b"")
    (footage / "letter.mp4").write_text("a letter\n" * 200)
    Image.fromarray(pictures(1)[0]).save(footage / "picture.jpg")
    film("mute.mp4", pictures(30))
    film("one.mp4", pictures(1), samples_S=sound(0.2))
    film("short.mp4", pictures(9), samples_S=sound(0.4))
    film("still.mp4", np.stack([pictures(1)[0]] * 14), samples_S=sound(0.56))
    film("silent.mp4", pictures(14), samples_S=np.zeros(round(0.56 * 44_100), np.float32))


def test_every_bad_file_is_listed_with_its_reason(
    film: Film, pictures: Pictures, sound: Callable[[float], np.ndarray], tmp_path: Path
) -> None:
    (tmp_path / "footage").mkdir()
    spoil(tmp_path / "footage", film, pictures, sound)
    with pytest.raises(ValueError, match=r"no stretch of the footage can be used \(.*rejected\.jsonl"):
        deliver(ordered(tmp_path / "footage"), CLIP, tmp_path / "raw")
    rejected = {found.video: found for found in read_rejected(tmp_path / "raw")}
    assert {name: found.reason for name, found in rejected.items()} == {
        "cut.mp4": "unreadable",
        "zero.mp4": "unreadable",
        "letter.mp4": "unreadable",
        "picture.jpg": "not_a_video",
        "mute.mp4": "no_sound",
        "one.mp4": "too_short",
        "short.mp4": "too_short",
        "still.mp4": "static",
        "silent.mp4": "no_speech",
    }
    still = rejected["still.mp4"]
    assert (still.from_seconds, still.to_seconds, still.threshold) == (0.2, 0.56, 0.15)
    assert by_reason(rejected.values())["unreadable"] == 3
    assert not (tmp_path / "raw/manifest.jsonl").exists()


def test_a_good_file_goes_on_beside_bad_ones(
    film: Film, pictures: Pictures, sound: Callable[[float], np.ndarray], tmp_path: Path
) -> None:
    """It goes on as far as the annotators, which are not there."""
    (tmp_path / "footage").mkdir()
    spoil(tmp_path / "footage", film, pictures, sound)
    film("good.mp4", pictures(30), samples_S=sound(1.2))
    with pytest.raises(ValueError, match=r"environment \.no-such-environment is missing"):
        deliver(ordered(tmp_path / "footage"), CLIP, tmp_path / "raw")
    assert (tmp_path / "raw" / SURVEYS / "good/survey.npz").exists()


def test_an_interrupted_delivery_makes_nothing_again(
    film: Film, pictures: Pictures, sound: Callable[[float], np.ndarray], tmp_path: Path
) -> None:
    """The clips that it had finished are in its list: then it needs neither the footage decoded nor the annotators."""
    film("good.mp4", pictures(5 + 2 * 9), samples_S=sound(0.92))
    raw = tmp_path / "raw"
    with pytest.raises(ValueError, match="is missing"):
        deliver(ordered(tmp_path / "footage"), CLIP, raw)
    surveyed = (raw / SURVEYS / "good/survey.npz").stat().st_mtime_ns
    finished = [Outcome(clip_id=f"good_{frame:06d}", clip=record(f"good_{frame:06d}")) for frame in (5, 14)]
    half_a_line = finished[1].model_dump_json()[:40]
    (raw / OUTCOMES).write_text(finished[0].model_dump_json() + "\n" + half_a_line)
    with pytest.raises(ValueError, match="is missing"):  # the second clip is not finished
        deliver(ordered(tmp_path / "footage"), CLIP, raw)
    assert (raw / SURVEYS / "good/survey.npz").stat().st_mtime_ns == surveyed
    append_line(raw / OUTCOMES, finished[1].model_dump_json())
    assert deliver(ordered(tmp_path / "footage"), CLIP, raw) == 2
    assert [found.clip_id for found in read_manifest(raw)] == ["good_000005", "good_000014"]
    assert sorted(path.name for path in raw.iterdir()) == ["clips", "footage", "manifest.jsonl", "rejected.jsonl"]
    assert not list((raw / "clips").iterdir()), "what was half made is gone"


@pytest.mark.parametrize(
    "spread",
    [
        Spread(processes=2),
        pytest.param(
            Spread("ray", processes=2),
            marks=[
                pytest.mark.end_to_end,
                pytest.mark.skipif(find_spec("ray") is None, reason="Ray is an extra: run `make setup-extras`"),
            ],
        ),
    ],
)
def test_what_an_annotator_says_is_listed_wherever_it_ran(
    spread: Spread, film: Film, pictures: Pictures, sound: Callable[[float], np.ndarray], tmp_path: Path
) -> None:
    """Every stretch is cut and given to a tool that always fails."""
    film("good.mp4", pictures(5 + 3 * 9), samples_S=sound(1.28))
    python = tmp_path / "environment/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nset -e\ntest -f "$3/rgb.mp4"\ntest -f "$3/motion.mp4"\necho no model >&2\nexit 3\n')
    python.chmod(0o755)
    broken = AnnotationConfig.model_validate({"pose": {"kind": "mediapipe", "environment": str(python.parents[1])}})
    order = ordered(tmp_path / "footage").model_copy(update={"annotation": broken})
    with pytest.raises(ValueError, match=r"no stretch of the footage can be used \(.*3.*no model"):
        deliver(order, CLIP, tmp_path / "raw", spread)
    told = [(found.reason, found.from_seconds, found.value) for found in read_rejected(tmp_path / "raw")]
    assert [reason for reason, _, _ in told] == ["annotator_failed"] * 3
    assert [round(seconds * 25) for _, seconds, _ in told] == [5, 14, 23], "in the order of the footage"
    assert all(str(value).endswith("ended with exit code 3: no model") for _, _, value in told)


def record(clip_id: str) -> ClipRecord:
    names = {"video": "rgb.mp4", "hoi_video": "hoi.mp4", "audio": "audio.wav", "person_image": "person.png"}
    size = {"frames": 9, "frames_per_second": 25, "height": 128, "width": 96, "boxes": {}}
    empty = {"prompt": "", "person_id": "", "product_id": ""}
    return ClipRecord.model_validate({"clip_id": clip_id, **names, **size, **empty})


def test_a_broken_sidecar_stops_the_delivery_before_any_work(film: Film, pictures: Pictures, tmp_path: Path) -> None:
    film("good.mp4", pictures(30))
    (tmp_path / "footage/footage.jsonl").write_text(json.dumps({"video": "gone.mp4"}))
    with pytest.raises(ValueError, match=r"line 1: video gone\.mp4 is missing"):
        deliver(ordered(tmp_path / "footage"), CLIP, tmp_path / "raw")


def test_a_delivery_needs_a_folder(tmp_path: Path) -> None:
    for path in (None, str(tmp_path / "nowhere")):
        with pytest.raises(ValueError, match=r"is no folder: give the folder .* data\.path=FOLDER"):
            deliver(RawVideoBatch(source="raw_video", path=path), CLIP, tmp_path / "raw")


def test_names_of_clips_are_names_of_folders_and_differ() -> None:
    names = clip_names(["march/take 1.mp4", "march/take-1.mov", "Köln.mp4", "b.mp4", "ü.mp4"])
    assert names["b.mp4"] == "b"
    assert names["Köln.mp4"] == "Koln"
    assert len(set(names.values())) == 5
    assert names["march/take 1.mp4"].startswith("march-take-1--")
    assert [record(f"{name}_000073").clip_id for name in names.values()]  # a ClipRecord takes no other names
