"""The offline annotators on the public training sample, from its video alone: the floors that they reached."""

from pathlib import Path

import pytest

from benchmarks.annotators_released import Measured, annotate_sample, measure
from data.annotators.annotations import HOI_VIDEO, Annotations
from data.annotators.config import ANNOTATORS
from data.annotators.launch import ROOT
from foundation.video_reading import probe_video

SAMPLE = ROOT / "../shared/real/demo_train"
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(not SAMPLE.is_dir(), reason="the public CoInteract sample is not beside the repository"),
    pytest.mark.skipif(not (ROOT / ANNOTATORS).is_dir(), reason="run `make setup-annotators`"),
]
FLOORS = {"face": 0.75, "left_hand": 0.6, "right_hand": 0.6, "body silhouette": 0.75, "product mask": 0.7}
LEAD = 6  # frames by which boxes and structure video of the sample run ahead of its picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sample")


@pytest.fixture(scope="module")
def found(folder: Path) -> Annotations:
    return annotate_sample(SAMPLE, folder)


@pytest.fixture(scope="module")
def measured(folder: Path, found: Annotations) -> Measured:
    assert found.frames == 81
    return measure(SAMPLE, folder)


def test_the_samples_boxes_lead_its_picture(measured: Measured) -> None:
    assert abs(measured.offset - LEAD) <= 1


@pytest.mark.parametrize("what", FLOORS)
def test_the_annotators_agree_with_what_came_with_the_sample(measured: Measured, what: str) -> None:
    assert measured.rows[what].overlap >= FLOORS[what], measured.table()


def test_every_part_is_seen_all_the_time(found: Annotations) -> None:
    assert found.people == 1
    assert [found.share(part) for part in ("face", "left_hand", "right_hand", "product")] == pytest.approx(
        [1] * 4, abs=0.05
    )


def test_the_structure_video_fits_the_clip(folder: Path, found: Annotations) -> None:
    frames, _, height, width = probe_video(folder / HOI_VIDEO)
    assert (frames, height, width) == (found.frames, found.height, found.width) == (81, 1920, 1080)
