"""All offline annotators on one small studio clip, as a child of their own environment: everything is known exactly."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.annotators_studio import measure_clip
from data.annotators.annotations import HOI_VIDEO, PRODUCT_IMAGE, Annotations, read_annotations
from data.annotators.clip_files import read_mask, read_pose
from data.annotators.config import ANNOTATORS, TASKS, AnnotationConfig
from data.annotators.launch import ROOT, annotate
from data.clips.manifest import read_manifest
from data.contracts import ClipRecord
from data.sources.studio import StudioBatch
from data.sources.studio.delivery import deliver
from foundation.clip_format import ClipFormat
from foundation.map_items import Spread
from foundation.progress import parse_progress
from foundation.video_reading import probe_video, read_video

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not (ROOT / ANNOTATORS).is_dir(), reason="run `make setup-annotators`"),
]
SIZE = ClipFormat(frames=9, frames_per_second=25, height=512, width=288, motion_frames=0)
SEED = 7


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ClipRecord]:
    batch = tmp_path_factory.mktemp("studio")
    deliver(StudioBatch(source="studio", seed=SEED, clips=1, look="anny"), SIZE, batch, Spread())
    (record,) = read_manifest(batch)
    return batch, record


@pytest.fixture(scope="module")
def folder(studio: tuple[Path, ClipRecord], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip, annotated from its video and a picture of the product."""
    (batch, record), folder = studio, tmp_path_factory.mktemp("clip")
    (folder / "rgb.mp4").write_bytes((batch / record.video).read_bytes())
    assert record.product_image is not None
    (folder / PRODUCT_IMAGE).write_bytes((batch / record.product_image).read_bytes())
    lines: list[str] = []
    annotate(folder, AnnotationConfig(), lines.append)
    assert [parse_progress(line) for line in lines] == [
        (done, len(TASKS), f"annotations: {task}") for done, task in enumerate(TASKS, 1)
    ]
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> Annotations:
    annotations = read_annotations(folder)
    assert annotations is not None
    return annotations


def test_every_field_says_which_tool_wrote_it(found: Annotations) -> None:
    wrote = {"pose", "boxes", "product_mask", "body_mesh", "hoi_video", "person_image", "triplet"}
    assert set(found.provenance) == wrote  # product.png came with the clip
    assert found.product_delivered
    for field in ("pose", "boxes", "product_mask", "body_mesh", "triplet"):
        assert len(found.provenance[field].weights_sha256 or "") == 64
    assert {provenance.version for provenance in found.provenance.values()} >= {"0.10.21", "0.6.2"}
    assert all(provenance.licence for provenance in found.provenance.values())


def test_the_person_is_where_the_studio_put_him(
    studio: tuple[Path, ClipRecord], folder: Path, found: Annotations
) -> None:
    agreed = measure_clip(*studio, folder)
    assert found.people == 1
    assert agreed["face"].overlap > 0.5
    assert agreed["body landmarks"].found > 0.8
    assert agreed["body silhouette"].overlap > 0.5
    pose = read_pose(folder)
    assert (pose.body_TK3[:, 5, 0] > pose.body_TK3[:, 6, 0]).all()  # who faces us has the left shoulder on our right


def test_the_structure_video_fits_the_clip(folder: Path) -> None:
    assert probe_video(folder / HOI_VIDEO) == (9, 25.0, 512, 288)
    (hoi_THWC, _), mask_THW = read_video(folder / HOI_VIDEO), read_mask(folder)
    assert mask_THW.shape == (9, 512, 288)
    assert 0.05 < (hoi_THWC.max(axis=-1) > 32).mean() < 0.7


def test_the_references_fit_the_clip(found: Annotations) -> None:
    assert found.reference_frame is not None
    assert found.person_score is None or found.person_score > 0.9
    assert found.product_score is not None
    assert found.product_score > 0.3


def test_the_same_clip_is_annotated_the_same(folder: Path, found: Annotations, tmp_path: Path) -> None:
    (tmp_path / "rgb.mp4").write_bytes((folder / "rgb.mp4").read_bytes())
    again = annotate(tmp_path, AnnotationConfig(), lambda _: None, tasks=["pose", "regions"])
    assert {frame: boxes.face for frame, boxes in again.boxes.items()} == {
        frame: boxes.face for frame, boxes in found.boxes.items()
    }
    assert np.array_equal(read_pose(tmp_path).body_TK3, read_pose(folder).body_TK3)
