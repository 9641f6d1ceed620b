"""Whoever withdraws is in no data set made afterwards, and their bytes leave the checkout."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from data.clips.manifest import read_manifest, write_manifest
from data.preparation.remove_withdrawn import persons, remove_withdrawn
from data.versions.withdrawals import FILE, Withdrawal, add_withdrawal, read_withdrawals, without_withdrawn


def withdrawal(person: str, product: str | None = None) -> Withdrawal:
    return Withdrawal(
        person_id=person, product_id=product, withdrawn=date(2026, 11, 23), actor="ada", reason="asked by mail"
    )


@pytest.fixture
def raw(deliver: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """datasets/raw/tiny: ann with two products, ben with one of them."""
    (tmp_path / "datasets/raw").mkdir(parents=True)
    folder = deliver(3).rename(tmp_path / "datasets/raw/tiny")
    who = {"c0": ("ann", "cup"), "c1": ("ann", "pan"), "c2": ("ben", "cup")}
    records = [
        record.model_copy(update={"person_id": who[record.clip_id][0], "product_id": who[record.clip_id][1]})
        for record in read_manifest(folder)
    ]
    write_manifest(folder, records)
    monkeypatch.chdir(tmp_path)
    return Path("datasets/raw/tiny")


def test_a_withdrawal_is_one_line_however_often_it_is_said(raw: Path) -> None:
    for _ in range(2):
        add_withdrawal(withdrawal("ann", "cup"))
    add_withdrawal(withdrawal("ann"))
    assert read_withdrawals() == [withdrawal("ann", "cup"), withdrawal("ann")]
    assert len(FILE.read_text().splitlines()) == 2


@pytest.mark.parametrize(("product", "left"), [(None, ["c2"]), ("cup", ["c1", "c2"])])
def test_their_clips_are_left_out_and_their_files_go(raw: Path, product: str | None, left: list[str]) -> None:
    assert [record.clip_id for record in without_withdrawn(read_manifest(raw), "tiny")] == ["c0", "c1", "c2"]
    removed = remove_withdrawn(withdrawal("ann", product))
    add_withdrawal(withdrawal("ann", product))
    gone = sorted({"c0", "c1", "c2"} - set(left))
    assert removed["tiny"].clips == gone
    assert [record.clip_id for record in read_manifest(raw)] == left
    assert sorted(folder.name for folder in raw.iterdir() if folder.is_dir()) == left, "their folders are gone"
    assert [record.clip_id for record in without_withdrawn(read_manifest(raw), "tiny")] == left
    assert remove_withdrawn(withdrawal("ann", product)) == {}, "nothing is left to remove"


def test_a_file_that_another_clip_names_too_stays(raw: Path) -> None:
    records = read_manifest(raw)
    write_manifest(raw, [*records[:2], records[2].model_copy(update={"product_image": records[0].product_image})])
    remove_withdrawn(withdrawal("ann"))
    assert (raw / "c0/product.png").exists()
    assert not (raw / "c0/rgb.mp4").exists()


def test_a_batch_of_which_nothing_is_left_says_what_to_do(raw: Path) -> None:
    for person in ("ann", "ben"):
        add_withdrawal(withdrawal(person))
    with pytest.raises(ValueError, match=r"every clip of batch tiny is withdrawn .*: take the batch out of"):
        without_withdrawn(read_manifest(raw), "tiny")


@pytest.mark.parametrize("written", ["Zo\u00eb ", "Zoe\u0308", " Zo\u00eb\u200b", "\ufeffZo\u00eb"])
def test_a_person_is_found_however_their_id_was_written(raw: Path, written: str) -> None:
    """In the manifest, in the file of withdrawals, in the index of an encoded batch: as older versions wrote them."""
    manifest = raw / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace('"ann"', json.dumps(written)))
    shards = {"text": "text-1.safetensors"}
    index = {"clips": {"c0": {"person_id": written, "product_id": "cup ", "shards": shards}}}
    encoded = Path("datasets/encoded/tiny")
    encoded.mkdir(parents=True)
    (encoded / "index.json").write_text(json.dumps(index))
    FILE.write_text(withdrawal("ben").model_dump_json().replace('"ben"', json.dumps(written)) + "\n")
    assert read_withdrawals() == [withdrawal("Zo\u00eb")]
    assert [record.clip_id for record in without_withdrawn(read_manifest(raw), "tiny")] == ["c2"]
    assert persons() == {"Zo\u00eb", "ben"}
    assert remove_withdrawn(withdrawal("Zoe\u0308"))["tiny"].clips == ["c0", "c1"]
    assert not (encoded / "index.json").exists()


def test_what_lies_in_a_folder_without_a_name_goes_too(raw: Path) -> None:
    raw.rename(raw.with_name("tiny 2"))
    assert remove_withdrawn(withdrawal("ann"))["tiny 2"].clips == ["c0", "c1"]


def test_a_line_that_is_no_withdrawal_is_named(raw: Path) -> None:
    FILE.write_text(withdrawal("ann").model_dump_json() + '\n{"person_id": "ben"}\n')
    with pytest.raises(ValueError, match=r"withdrawals\.jsonl line 2 is no withdrawal \(withdrawn: .*mend the line"):
        read_withdrawals()
