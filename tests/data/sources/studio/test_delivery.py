"""A delivery: the same bytes however many processes film it, and whole however often it is interrupted."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.contracts import ClipRecord
from data.sources.studio import StudioBatch
from data.sources.studio.delivery import deliver
from data.sources.studio.film import film
from foundation.clip_format import ClipFormat
from foundation.map_items import Spread
from foundation.sound import read_audio
from foundation.video_reading import read_video

CLIP = ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=5)
HERE = Spread()
ORDER = StudioBatch(source="studio", seed=3, clips=4)
ROOT = Path(__file__).parents[4]


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one_process")
    deliver(ORDER, CLIP, folder, HERE)
    return folder


def test_two_processes_film_the_same_bytes(delivered: Path, tmp_path: Path) -> None:
    deliver(ORDER, CLIP, tmp_path, Spread(processes=2))
    assert digests(tmp_path) == digests(delivered)


def test_every_listed_file_holds_what_was_filmed(delivered: Path) -> None:
    records = [ClipRecord.model_validate_json(line) for line in (delivered / "manifest.jsonl").read_text().splitlines()]
    assert [record.clip_id for record in records] == ["s3_0000", "s3_0001", "s3_0002", "s3_0003"]
    record, filmed = records[1], film(3, 1, CLIP)
    frames_TYX3, rate = read_video(delivered / record.video)
    assert rate == record.frames_per_second == 25
    assert np.array_equal(frames_TYX3, filmed.rgb_TYX3)
    assert np.array_equal(read_video(delivered / record.hoi_video)[0], filmed.hoi_TYX3)
    assert record.motion_video is not None
    assert np.array_equal(read_video(delivered / record.motion_video)[0], filmed.motion_FYX3)
    samples_S, samples_per_second = read_audio(delivered / record.audio)
    assert (len(samples_S), samples_per_second) == (9 * 640, 16_000)
    assert record.product_image is not None
    assert np.array_equal(np.asarray(Image.open(delivered / record.person_image)), filmed.person_YX3)
    assert np.array_equal(np.asarray(Image.open(delivered / record.product_image)), filmed.product_YX3)
    assert record.boxes == filmed.boxes
    assert record.prompt == filmed.scene.prompt


def test_a_killed_delivery_goes_on_where_it_stopped(tmp_path: Path) -> None:
    order = ORDER.model_copy(update={"clips": 8})
    code = (
        "import sys; from pathlib import Path; from foundation.clip_format import ClipFormat\n"
        "from data.sources.studio import StudioBatch\n"
        "from data.sources.studio.delivery import deliver; from foundation.map_items import Spread\n"
        f"deliver(StudioBatch(**{order.model_dump()}), ClipFormat(**{CLIP.model_dump()}), Path(sys.argv[1]), Spread())"
    )
    folder = tmp_path / "killed"
    with subprocess.Popen([sys.executable, "-c", code, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(2)]
        child.kill()
    assert lines == ["progress 1/8 clips filmed\n", "progress 2/8 clips filmed\n"]
    with (folder / "manifest.partial.jsonl").open("a") as file:
        file.write('{"clip_id": "s3_0007", "prom')
    (folder / "clips" / ".s3_0005.1").mkdir()
    kept = (folder / "clips" / "s3_0000" / "rgb.mp4").stat().st_mtime_ns
    deliver(order, CLIP, folder, HERE)
    assert (folder / "clips" / "s3_0000" / "rgb.mp4").stat().st_mtime_ns == kept
    deliver(order, CLIP, tmp_path / "fresh", HERE)
    assert digests(folder) == digests(tmp_path / "fresh")


def test_more_clips_of_a_delivery_keep_the_first(delivered: Path, tmp_path: Path) -> None:
    deliver(ORDER.model_copy(update={"clips": 2}), CLIP, tmp_path, HERE)
    deliver(ORDER, CLIP, tmp_path, HERE)
    assert digests(tmp_path) == digests(delivered)


def test_another_order_in_the_same_folder_is_refused(delivered: Path) -> None:
    with pytest.raises(ValueError, match="holds another delivery"):
        deliver(ORDER.model_copy(update={"seed": 4}), CLIP, delivered, HERE)
    with pytest.raises(ValueError, match="remove the folder"):
        deliver(ORDER, CLIP.model_copy(update={"height": 64}), delivered, HERE)


def test_two_versions_of_the_studio_never_share_a_delivery(delivered: Path, tmp_path: Path) -> None:
    older = json.loads((delivered / "order.json").read_text()) | {"studio_version": 0}
    (tmp_path / "order.json").write_text(json.dumps(older))
    with pytest.raises(ValueError, match="studio_version"):
        deliver(ORDER, CLIP, tmp_path, HERE)
