"""Scoring a stretch of the public model's own video: stand-ins tell references apart, a user's networks are run."""

from pathlib import Path

import numpy as np
import pytest

from evaluation.backends.config import ScoringConfig, WeightsConfig
from evaluation.backends.launch import settings_missing
from evaluation.backends.video import VideoClip
from evaluation.contracts import Metric
from evaluation.references import read_videos
from evaluation.score_videos import score_videos
from foundation.sound import read_audio
from foundation.video_reading import read_video
from foundation.video_writing import write_video

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "../shared/real/demo_generate"
FRAMES = 40  # SyncNet needs 34
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not DEMO.is_dir(), reason="the public CoInteract samples are not beside the repository"),
]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[VideoClip]:
    """The beginning of the first video, with its own references and with the second one's."""
    if why := settings_missing("hands", ScoringConfig()):
        pytest.skip(why)
    own, other, _ = read_videos(DEMO / "generated", DEMO / "demos.csv").clips
    frames_THWC, rate = read_video(Path(own.video), limit=130)
    video = tmp_path_factory.mktemp("stretch") / "000.mp4"
    write_video(video, frames_THWC[-FRAMES:], rate, sound=read_audio(Path(own.video)))
    mine = own.model_copy(update={"clip_id": "own", "video": str(video), "audio": None})
    return [mine, mine.model_copy(update={"clip_id": "other", "person": other.person, "product": other.product})]


def scored(clips: list[VideoClip], folder: Path, backends: list[str], weights: WeightsConfig) -> dict[str, Metric]:
    return score_videos(clips, ScoringConfig(weights=weights), lambda _: None, backends, folder / "kept")


def test_stand_ins_tell_own_references_from_another_video_s(clips: list[VideoClip], tmp_path: Path) -> None:
    metrics = scored(clips, tmp_path, ["face_likeness", "efficientnet", "hands", "mouth"], WeightsConfig())
    likeness = metrics["face_similarity_dlib_proxy"].per_clip
    assert likeness["own"] > 0.9 > likeness["other"] + 0.02
    product, person = (metrics[f"{name}_efficientnet_proxy"].per_clip for name in ("product", "person"))
    assert product["own"] > product["other"] + 0.1
    assert person["own"] > person["other"] + 0.1
    assert metrics["hand_confidence_mediapipe_proxy"].value == pytest.approx(0.95, abs=0.05)
    assert len(metrics["hand_confidence_mediapipe_proxy"].per_frame["own"]) == FRAMES
    assert metrics["mouth_sound_correlation_proxy"].count == 2
    assert all("other weights" not in metric.note for metric in metrics.values())


def test_two_people_in_the_picture_are_named(clips: list[VideoClip], tmp_path: Path) -> None:
    one, other = (read_video(Path(clip.video), limit=8)[0] for clip in read_videos(DEMO / "generated").clips[:2])
    side_by_side = tmp_path / "two.mp4"
    write_video(side_by_side, np.concatenate([one, other], axis=2), 25)
    two = clips[0].model_copy(update={"clip_id": "two", "video": str(side_by_side)})
    faces = scored([clips[0], two], tmp_path, ["face_likeness"], WeightsConfig())["face_similarity_dlib_proxy"]
    assert faces.count == 2
    assert faces.remarks == {"two": "shows up to 2 faces at once: the one that was found first is followed"}


def test_networks_of_a_user_are_run(clips: list[VideoClip], tmp_path: Path) -> None:
    """Toy networks, written here: the cells of an aligned face, and the mean of what is seen and heard."""
    onnx = pytest.importorskip("onnx", reason="make setup-extras installs onnx")

    def network(name: str, shape: list[int], *nodes: tuple[str, dict[str, object]]) -> None:
        values = ["in", *(f"v{number}" for number in range(1, len(nodes))), "out"]
        made = [
            onnx.helper.make_node(kind, [values[number]], [values[number + 1]], **options)
            for number, (kind, options) in enumerate(nodes)
        ]
        ends = [onnx.helper.make_tensor_value_info("in", onnx.TensorProto.FLOAT, shape)]
        outs = [onnx.helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, None)]
        graph = onnx.helper.make_graph(made, "toy", ends, outs)
        opset = [onnx.helper.make_opsetid("", 17)]
        onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / name)

    pool = ("AveragePool", {"kernel_shape": [14, 14], "strides": [14, 14]})
    network("arcface.onnx", [1, 3, 112, 112], pool, ("Flatten", {}))
    network("face.onnx", [1, 3, 5, 224, 224], ("ReduceMean", {"keepdims": 0}))
    network("sound.onnx", [1, 1, 13, 20], ("ReduceMean", {"keepdims": 0}))
    weights = WeightsConfig(arcface=str(tmp_path / "arcface.onnx"), syncnet=str(tmp_path))
    metrics = scored(clips, tmp_path, ["arcface", "syncnet"], weights)
    faces, sync = metrics["face_similarity_arcface"], metrics["sync_confidence_syncnet"]
    assert faces.failures == sync.failures == {}
    assert faces.per_clip["own"] > faces.per_clip["other"] + 0.02
    assert sync.per_clip["own"] == sync.per_clip["other"] >= 0
    assert faces.measured_by is not None
    assert faces.measured_by.weights_sha256 is not None
