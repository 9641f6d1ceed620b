from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from data.clips.manifest import read_manifest, write_manifest
from data.preparation.deliver_batch import deliver_batch
from data.preparation.prepare_clips import prepare_batch, unique
from data.versions.batch_entry import BatchEntry, Harmless, write_entry
from data.versions.batch_receipts import assert_valid, raw_receipt
from foundation.clip_format import ClipFormat

CLIP = ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=0)
Order = Callable[..., None]


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Order:
    """Order the batch `tiny` in an empty project, which becomes the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "datasets").mkdir()

    def write(clip: ClipFormat = CLIP, **batch: Any) -> None:
        wanted = {"source": "studio", "seed": 0, "clips": 1, **batch}
        harmless = Harmless(preparation_processes=1)
        write_entry("tiny", BatchEntry(batch=wanted, clip=clip, encoders="tiny", encoding={}, harmless=harmless))

    return write


def test_a_batch_is_delivered_once_and_edits_stay(order: Order) -> None:
    order()
    deliver_batch("tiny")
    first = raw_receipt("tiny")
    assert (first.clips, first.source, first.folder) == (1, "studio", "datasets/raw/tiny")
    manifest = Path("datasets/raw/tiny/manifest.jsonl")
    manifest.write_text(manifest.read_text().replace("The person", "Somebody"))
    deliver_batch("tiny")
    assert raw_receipt("tiny").digest != first.digest
    assert read_manifest(manifest.parent)[0].prompt.startswith("Somebody")


@pytest.mark.parametrize("change", [{"seed": 1}, {"clips": 2}, {"clip": CLIP.model_copy(update={"height": 64})}])
def test_other_settings_are_refused_by_name(order: Order, change: dict[str, Any]) -> None:
    order()
    deliver_batch("tiny")
    order(**change)
    with pytest.raises(ValueError, match=rf"other settings \({next(iter(change))} .*name a new batch"):
        deliver_batch("tiny")


def test_how_a_csv_is_read_may_change_but_not_what_was_delivered(order: Order, released: Callable[..., Path]) -> None:
    source = released()
    released_batch = {"source": "released_csv", "path": str(source), "seed": None, "clips": None}
    wanted = {key: value for key, value in released_batch.items() if value is not None}

    def order_released(**changes: Any) -> None:
        order()
        text = yaml.safe_load(Path("datasets/batches.yaml").read_text())
        text["batches"]["tiny"]["batch"] = {**wanted, **changes}
        Path("datasets/batches.yaml").write_text(yaml.safe_dump(text))

    order_released()
    deliver_batch("tiny")
    order_released(empty_hand_box="absent")
    deliver_batch("tiny")
    order_released(path=None)
    deliver_batch("tiny")  # the folder it came from may be gone
    (source / "data.csv").write_text((source / "data.csv").read_text() + "\n")
    order_released()
    with pytest.raises(ValueError, match="delivery_digest"):
        deliver_batch("tiny")


def test_a_path_that_is_gone_is_refused_also_where_its_delivery_is_known(
    order: Order, released: Callable[..., Path]
) -> None:
    source = released()
    wanted = {"source": "released_csv"}

    def order_released(path: str | None) -> None:
        harmless = Harmless(batch={"path": path}, preparation_processes=1)
        entry = BatchEntry(batch=wanted, clip=CLIP, encoders="tiny", encoding={}, harmless=harmless)
        write_entry("tiny", entry)

    order()
    order_released(str(source))
    deliver_batch("tiny")
    digest = raw_receipt("tiny").digest
    for gone in (source.rename(source.with_name("moved")).with_name(source.name), source / "data.csv"):
        order_released(str(gone))
        with pytest.raises(
            ValueError, match=rf"batch tiny: {gone} is no folder \(data\.path\).*give none \(path=null\)"
        ):
            deliver_batch("tiny")
    order_released(None)
    deliver_batch("tiny")
    assert raw_receipt("tiny").digest == digest


def test_an_arrival_is_counted_again_when_it_was_mended(order: Order, deliver: Callable[..., Path]) -> None:
    raw = Path("datasets/raw/tiny")
    harmless = Harmless(preparation_processes=1)
    order()
    write_entry(
        "tiny", BatchEntry(batch={"source": "arrived"}, clip=CLIP, encoders="t", encoding={}, harmless=harmless)
    )
    raw.parent.mkdir()
    deliver(clips=3).rename(raw)
    deliver_batch("tiny")
    assert raw_receipt("tiny").clips == 3
    first = (raw / "delivery.json").stat().st_mtime_ns
    deliver_batch("tiny")
    assert (raw / "delivery.json").stat().st_mtime_ns == first, "nothing new, nothing written"
    write_manifest(raw, read_manifest(raw)[:2])
    deliver_batch("tiny")
    assert raw_receipt("tiny").clips == 2
    (raw / "delivery.json").write_text('{"settings": {"source": "arr')
    with pytest.raises(
        ValueError, match=r"delivery\.json is damaged: where people put datasets/raw/tiny there, remove"
    ):
        deliver_batch("tiny")


def test_an_interrupted_delivery_leaves_no_batch_and_a_stale_one_is_cleared(order: Order) -> None:
    order(clips=2)
    stale = Path("datasets/raw/.tiny.000000000000.partial")
    stale.mkdir(parents=True)
    deliver_batch("tiny")
    assert sorted(path.name for path in Path("datasets/raw").iterdir()) == ["tiny"]


def test_all_unusable_clips_are_named_at_once(order: Order, deliver: Callable[..., Path]) -> None:
    order()
    raw = Path("datasets/raw/tiny")
    raw.parent.mkdir()
    deliver(clips=3).rename(raw)
    (raw / "c0/rgb.mp4").write_bytes(b"")
    (raw / "c2/hoi.mp4").unlink()
    with pytest.raises(ValueError, match=r"(?s)2 of 3 clips cannot be used:\nclip c0 .*field video.*\nclip c2 .*hoi"):
        prepare_batch("tiny")


def test_a_batch_that_breaks_a_rule_is_written_to_be_looked_at_and_not_accepted(
    order: Order, deliver: Callable[..., Path]
) -> None:
    order()
    Path("datasets/raw").mkdir()
    deliver(clips=1, prompt=" ").rename("datasets/raw/tiny")
    prepare_batch("tiny")
    prepared = Path("datasets/prepared/tiny")
    assert (prepared / "contact_sheet.png").exists()
    assert [record.clip_id for record in read_manifest(prepared)] == ["c0"]
    with pytest.raises(
        ValueError, match=r"clip c0 \| field prompt \| '' \| prompt: at least 1 characters \| fix: write the prompt"
    ):
        assert_valid(prepared)


def test_the_first_of_two_clips_with_one_id_is_kept(deliver: Callable[..., Path]) -> None:
    first, second = read_manifest(deliver(clips=2))
    again = second.model_copy(update={"clip_id": first.clip_id})
    assert unique([first, second, again]) == [first, second]
