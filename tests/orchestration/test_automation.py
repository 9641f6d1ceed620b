"""The sensor on deliveries of every kind: each is judged alone and by its content, and asked for once."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.clips.manifest import write_manifest
from data.contracts import ClipRecord, PreparedBatch
from foundation.digests import folder_digest
from model.contracts import EncodedBatch
from orchestration.configuration.load_config import load_sections
from orchestration.definitions import defs
from orchestration.steps.receipts import LATEST, Receipts

RAW = Path("datasets/raw")
Asked = dict[str | None, str | None]


class Looks:
    """The sensor's looks at datasets/raw, each with the cursor of the one before; Dagster starts a run key once."""

    def __init__(self) -> None:
        self.instance, self.cursor, self.keys = dg.DagsterInstance.ephemeral(), None, set[str | None]()
        self.sensor, self.reason = defs.resolve_sensor_def("new_batch"), ""

    def __call__(self) -> list[str | None]:
        """The batches that a run is started for."""
        result = self.sensor(dg.build_sensor_context(instance=self.instance, cursor=self.cursor))
        assert isinstance(result, dg.SensorResult)
        self.cursor, self.reason = result.cursor, str(result.skip_reason and result.skip_reason.skip_message)
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions("batches", list(request.partition_keys))
        new = [request for request in result.run_requests or [] if request.run_key not in self.keys]
        self.keys |= {request.run_key for request in new}
        assert {str(request.partition_key) for request in new} <= set(self.instance.get_dynamic_partitions("batches"))
        return [request.partition_key for request in new]


@pytest.fixture
def look(project: Path) -> Looks:
    RAW.mkdir(parents=True)
    return Looks()


def deliver(batch: str, clips: int = 2, lacking: int = 0, pixels: str = "pixels") -> Path:
    """A delivery; the last clips lack their video."""
    folder = RAW / batch
    shutil.rmtree(folder, ignore_errors=True)
    records = [record(f"{number:04d}") for number in range(clips)]
    for number, one in enumerate(records):
        for name in (one.video, one.hoi_video, one.audio, one.person_image):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if name != one.video or number < clips - lacking:
                (folder / name).write_text(f"{pixels} of {name}")
    write_manifest(folder, records)
    return folder


def record(name: str) -> ClipRecord:
    here = f"clips/{name}"
    media = {
        "video": f"{here}/rgb.mp4",
        "hoi_video": f"{here}/hoi.mp4",
        "audio": f"{here}/a.wav",
        "person_image": f"{here}/p.png",
    }
    size = {"frames": 9, "frames_per_second": 25.0, "height": 32, "width": 32}
    return ClipRecord(clip_id=name, prompt="p", person_id="ada", product_id="mug", boxes={}, **media, **size)


def take_in(batch: str, valid: bool = True) -> None:
    """What a run leaves: delivery.json, and the receipts of what lies there now."""
    folder = RAW / batch
    (folder / "delivery.json").write_text('{"settings": {"source": "arrived"}, "clips": 2}')
    raw = folder_digest(folder)
    prepared = PreparedBatch(
        batch=batch,
        folder="f",
        clips=2,
        digest=f"prepared {raw}",
        raw_digest=raw,
        valid=valid,
        failures=[],
        contact_sheet="s",
    )
    receipts = Receipts(load_sections(), "an ingestion")
    receipts.write(prepared, "prepared_batch", batch)
    if valid:
        digests = {"digest": "e", "prepared_digest": prepared.digest, "encoders_digest": "x"}
        receipts.write(EncodedBatch(batch=batch, folder="f", clips=2, **digests), "encoded_batch", batch)


def test_a_whole_delivery_is_asked_for_at_once_and_rests_when_it_is_taken_in(look: Looks) -> None:
    deliver("march")
    assert look() == ["march"]
    assert look() == [], "its run is on the way"
    take_in("march")
    assert look() == []
    assert look.reason == "march is taken in as it lies there"
    look.cursor, look.keys = None, set()
    assert look() == [], "also for a sensor that knows nothing any more"
    deliver("march")
    (RAW / "march/delivery.json").write_text('{"settings": {"source": "arrived"}, "clips": 2}')
    assert look() == [], "the same content again"


def test_a_half_copied_one_waits_and_is_taken_when_it_is_whole(look: Looks) -> None:
    deliver("april", lacking=1)
    assert look() == []
    assert look.reason == "april lacks files of its manifest: it is asked for when it stops changing"
    deliver("april")
    assert look() == ["april"]


def test_one_that_stays_incomplete_is_asked_for_once_and_again_when_it_is_mended(look: Looks) -> None:
    deliver("may", lacking=1)
    assert [look(), look(), look()] == [[], ["may"], []]
    take_in("may", valid=False)
    assert look() == []
    deliver("may")
    assert look() == ["may"]


def test_a_mended_or_delivered_again_one_is_taken_in_anew_and_back_again(look: Looks) -> None:
    for pixels in ("first", "second", "first"):
        deliver("june", pixels=pixels)
        assert look() == ["june"], pixels
        take_in("june")
        assert look() == [], pixels


@pytest.mark.parametrize(
    "name", ["delivery.json", "manifest.jsonl", "folder", "receipt", "delivery.json is a folder", "cursor"]
)
def test_a_broken_one_stands_in_nobodys_way(look: Looks, name: str) -> None:
    deliver("a_broken")
    deliver("whole")
    if name == "folder":
        shutil.rmtree(RAW / "a_broken")
        (RAW / "a_broken").write_text("a file")
    elif name == "receipt":
        take_in("a_broken")
        (file,) = LATEST.glob("*/prepared_batch/a_broken.json")
        file.write_text("{")
    elif name == "delivery.json is a folder":
        (RAW / "a_broken/delivery.json").mkdir()
    elif name == "cursor":
        look.cursor = "{"
    else:
        (RAW / "a_broken" / name).write_text("{")
    assert "whole" in look()


@settings(derandomize=True, deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["mend", "break", "look", "take in", "refuse"]), max_size=8))
def test_whatever_happens_to_it_the_newest_content_is_asked_for_in_the_end(project: Path, steps: list[str]) -> None:
    shutil.rmtree(RAW, ignore_errors=True)
    shutil.rmtree("registry", ignore_errors=True)
    RAW.mkdir(parents=True)
    look, asked = Looks(), 0
    deliver("july", pixels="0")
    for number, step in enumerate(steps, 1):
        if step in ("mend", "break"):
            deliver("july", lacking=step == "break", pixels=str(number))
        elif step == "look":
            asked += look() == ["july"]
        else:
            take_in("july", valid=step == "take in")
    deliver("july", pixels="the last")
    assert look() == ["july"]
    take_in("july")
    assert look() == []
    assert asked <= len(steps)
