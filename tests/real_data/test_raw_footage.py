"""Raw footage made of the public sample's own pictures: its cuts are found, and it becomes an annotated clip."""

from fractions import Fraction
from itertools import pairwise, permutations
from pathlib import Path

import av
import numpy as np
import pytest

from data.clips.manifest import read_manifest
from data.sources.raw_video import FootageRules, RawVideoBatch
from data.sources.raw_video.delivery import deliver
from data.sources.raw_video.rejected import read_rejected
from data.sources.raw_video.survey import SMALL, Survey, colour_difference, shots
from foundation.clip_format import ClipFormat
from foundation.footage import Footage, Upright
from foundation.sound import read_audio
from foundation.video_reading import read_video

ROOT = Path(__file__).parents[2]
REAL = ROOT / "../shared/real"
VIDEOS = ["demo_train/input_video/000.mp4", *(f"demo_generate/generated/00{number}.mp4" for number in range(3))]
RULES = FootageRules()
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not REAL.is_dir(), reason="the public CoInteract samples are not beside the repository"),
]


@pytest.fixture(scope="module")
def small() -> list[np.ndarray]:
    """Every frame of the four videos, as a survey sees it."""
    films = [(Upright(SMALL, REAL / name), Footage(REAL / name)) for name in VIDEOS]
    return [np.stack([upright.picture(timed) for timed in footage.frames()]) for upright, footage in films]


def cuts(frames_THWC: np.ndarray) -> list[int]:
    """Frames that the rules call the first of a shot."""
    differences = np.array([0, *(colour_difference(*pair) for pair in pairwise(frames_THWC))], np.float32)
    seconds = (np.arange(len(differences)) / 25).astype(np.float32)
    found = Survey(seconds, len(differences) / 25, differences, differences, differences)
    return [round(begins * 25) for begins, _ in shots(found, RULES)][1:]


def test_whole_takes_have_no_cut(small: list[np.ndarray]) -> None:
    assert [cuts(frames_THWC) for frames_THWC in small] == [[], [], [], []]


def test_cuts_to_another_scene_are_all_found(small: list[np.ndarray]) -> None:
    for first, second in permutations(small, 2):
        height, width = min(first.shape[1], second.shape[1]), min(first.shape[2], second.shape[2])
        parts = [frames_THWC[:, :height, :width] for frames_THWC in (first[-60:], second[:60])]
        assert cuts(np.concatenate(parts)) == [60]


@pytest.mark.parametrize(("gap", "share"), [(12, 0.7), (25, 0.85), (50, 0.9)])
def test_most_jump_cuts_are_found(small: list[np.ndarray], gap: int, share: float) -> None:
    """`gap` frames taken out of one take, at 25 places in each, seed 0."""
    random = np.random.default_rng(0)
    hits: list[bool] = []
    for frames_THWC in small:
        for _ in range(25):
            at = int(random.integers(10, len(frames_THWC) - gap - 10))
            found = cuts(np.concatenate([frames_THWC[:at], frames_THWC[at + gap :]]))
            assert set(found) <= {at}
            hits.append(found == [at])
    print(f"jump cuts over {gap} frames: {np.mean(hits):.2f} of {len(hits)} found")
    assert np.mean(hits) >= share


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as a camera would have delivered it: motion frames and clip in one file, with the clip's sound."""
    folder = tmp_path_factory.mktemp("footage")
    train = REAL / "demo_train"
    parts = [read_video(train / name / "000.mp4")[0] for name in ("motion_video", "input_video")]
    samples_S, rate = read_audio(train / "audio/000.wav")
    heard_S = np.concatenate([np.zeros(round(len(parts[0]) / 25 * rate), np.float32), samples_S])
    write_film(folder / "take.mp4", np.concatenate(parts)[:, ::2, ::2], heard_S, rate)
    (folder / "letter.mp4").write_text("not a film\n" * 50)
    (folder / "footage.csv").write_text(
        "video,person_id,product_id,prompt,licence,consent_date\n"
        'take.mp4,woman,product,"A woman shows a product, and waves.",Apache-2.0,2026-04-01\n'
    )
    return folder


def write_film(path: Path, frames_THWC: np.ndarray, samples_S: np.ndarray, rate: int) -> None:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "14"})
        video.height, video.width, video.pix_fmt = *frames_THWC.shape[1:3], "yuv420p"
        sound = container.add_stream("aac", rate=rate, layout="mono")
        for picture in frames_THWC:
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(video.encode())
        pcm = np.round(np.clip(samples_S, -1, 1) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(sound.encode(frame))
        container.mux(sound.encode())


@pytest.mark.end_to_end
@pytest.mark.skipif(
    not (ROOT / ".venv-annotators/bin/python").exists(), reason="no offline annotators: run `make setup-annotators`"
)
def test_footage_becomes_an_annotated_clip(footage: Path, tmp_path: Path) -> None:
    clip = ClipFormat(frames=81, frames_per_second=25, height=832, width=480, motion_frames=73)
    rules = FootageRules(product_confidence=0, product_left=100)  # without a picture of it, it is not found surely
    order = RawVideoBatch(source="raw_video", path=str(footage), short_side_pixels=480, rules=rules)
    assert deliver(order, clip, tmp_path / "raw") == 1
    (record,) = read_manifest(tmp_path / "raw")
    assert (record.clip_id, record.frames, record.height, record.width) == ("take_000073", 81, 854, 480)
    assert sorted(record.boxes) == list(range(2, 79, 4))
    assert sum(boxes.face is not None for boxes in record.boxes.values()) == 20
    assert {"boxes", "hoi_video", "person_image", "product_image", "video"} <= set(record.provenance)
    for name, frames in ((record.video, 81), (record.hoi_video, 81), (str(record.motion_video), 73)):
        assert len(read_video(tmp_path / "raw" / name)[0]) == frames
    samples_S, _ = read_audio(tmp_path / "raw" / record.audio)
    wanted_S, _ = read_audio(REAL / "demo_train/audio/000.wav")
    assert len(samples_S) == 51_840
    assert np.corrcoef(samples_S, wanted_S[:51_840])[0, 1] > 0.9, "sound is in step"
    assert [(found.video, found.reason) for found in read_rejected(tmp_path / "raw")] == [("letter.mp4", "unreadable")]
