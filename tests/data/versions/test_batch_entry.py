"""An entry says what decides a batch; what does not stands apart, and an older version's entries are still read."""

from pathlib import Path

import pytest
import yaml

from data.sources import read_batch
from data.versions.batch_entry import BATCHES, BatchEntry, batch_entry, batch_of_stage, known_batches, write_entry
from foundation.clip_format import ClipFormat
from foundation.map_items import Spread


@pytest.fixture
def older(clip_format: ClipFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """datasets/batches.yaml as an older version wrote it."""
    monkeypatch.chdir(tmp_path)
    BATCHES.parent.mkdir()
    entry = {
        "order": {"source": "released_csv", "path": "/deliveries/one", "person_id": "ann"},
        "clip": clip_format.model_dump(),
        "preparation_processes": 3,
        "map": "ray",
        "ray_address": None,
        "encoders": "old",
        "encoding": {"dim": 8},
    }
    BATCHES.write_text(yaml.safe_dump({"batches": {"old": entry}}))


@pytest.mark.usefixtures("older")
def test_an_entry_of_an_older_version_is_read_and_rewritten(clip_format: ClipFormat) -> None:
    entry = batch_entry("old")
    assert entry.batch == {"source": "released_csv", "person_id": "ann"}
    assert read_batch(entry.batch_values).model_dump()["path"] == "/deliveries/one"
    assert entry.spread == Spread("ray", 3)
    write_entry("new", BatchEntry(batch={"source": "arrived"}, clip=clip_format, encoders="old", encoding={}))
    assert set(known_batches()) == {"new", "old"}
    assert "order:" not in BATCHES.read_text()
    assert batch_entry("old") == entry


@pytest.mark.usefixtures("older")
def test_an_entry_without_a_name_is_left_out_and_none_is_written(clip_format: ClipFormat) -> None:
    entries = yaml.safe_load(BATCHES.read_text())["batches"]
    BATCHES.write_text("\ufeff" + yaml.safe_dump({"batches": {**entries, "a b": entries["old"], 7: entries["old"]}}))
    assert set(known_batches()) == {"old"}
    new = BatchEntry(batch={"source": "arrived"}, clip=clip_format, encoders="old", encoding={})
    with pytest.raises(ValueError, match=r"'\.\./x' cannot be a name"):
        write_entry("../x", new)
    with pytest.raises(ValueError, match="cannot be a name"):
        BatchEntry(batch={"source": "arrived"}, clip=clip_format, encoders="../x", encoding={})


def test_a_stage_s_process_is_given_the_stage_or_the_batch() -> None:
    assert batch_of_stage("prepare@march") == batch_of_stage("march") == "march"
    with pytest.raises(ValueError, match="cannot be a name"):
        batch_of_stage("prepare@x;touch PWNED")
