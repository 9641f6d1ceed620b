"""Faulty clips of a delivery are set aside and the others go on; everything that people look at says so."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.validation import write_films
from data.clips.manifest import read_manifest
from data.preparation.prepare_clips import prepare_batch
from data.preparation.validate_batch import validate_batch
from data.thresholds import Quarantine, ValidationThresholds
from data.validation.batch_facts import read_facts
from data.versions.batch_entry import BatchEntry, batch_entry, write_entry
from data.versions.batch_receipts import assert_valid, prepared_receipt, read_validation
from data.versions.delivery import Delivery, write_delivery
from foundation.digests import folder_digest
from orchestration.checks import results_of
from orchestration.steps.lineage import facts

RAW, PREPARED = Path("datasets/raw/many"), Path("datasets/prepared/many")
CLIPS = 4
Spoil = Callable[[], None]


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., BatchEntry]:
    """Four good clips that arrived, ordered under a policy."""
    from benchmarks.validation import entry_of

    monkeypatch.chdir(tmp_path)
    write_films(RAW, CLIPS)
    write_delivery(RAW, Delivery(settings={"source": "arrived"}, clips=CLIPS))

    def write(**quarantine: object) -> BatchEntry:
        thresholds = ValidationThresholds(quarantine=Quarantine.model_validate(quarantine))
        write_entry("many", entry_of().model_copy(update={"validation": thresholds}))
        return batch_entry("many")

    return write


def line(number: int, change: Callable[[str], str]) -> None:
    lines = (RAW / "manifest.jsonl").read_text().splitlines()
    lines[number] = change(lines[number])
    (RAW / "manifest.jsonl").write_text("".join(one + "\n" for one in lines))


SPOILT: dict[str, Spoil] = {
    "unreadable video": lambda: (RAW / "clips/00001/rgb.mp4").write_bytes(b"") and None,
    "missing sound": lambda: (RAW / "clips/00001/audio.wav").unlink(),
    "no licence": lambda: line(1, lambda text: json.dumps({**json.loads(text), "licence": ""})),
    "unknown field": lambda: line(1, lambda text: json.dumps({**json.loads(text), "colour": "red"})),
    "half a line": lambda: line(1, lambda text: text[: len(text) // 2]),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_faulty_clip_is_set_aside_and_comes_back_when_it_is_mended(
    order: Callable[..., BatchEntry], spoil: Spoil
) -> None:
    entry, whole = order(), {file: file.read_bytes() for file in RAW.rglob("*") if file.is_file()}
    spoil()
    prepare_batch("many")
    assert_valid(PREPARED)
    receipt = prepared_receipt("many")
    others = ["00000", "00002", "00003"]
    assert (receipt.valid, receipt.clips, list(receipt.set_aside)) == (True, 3, ["00001"])
    assert [record.clip_id for record in read_manifest(PREPARED)] == others
    assert [clip.facts.clip_id for clip in read_facts(PREPARED)] == others
    assert sorted(folder.name for folder in PREPARED.glob("clips/*")) == others
    page = (PREPARED / "validation.html").read_text()
    assert "<h2>Set aside</h2>" in page
    assert "00001" in page
    with Image.open(PREPARED / "contact_sheet.png") as sheet:
        assert sheet.width > 0
    assert facts(receipt)["set_aside"] == 1
    assert "00001" in facts(receipt)["set_aside_because"]
    ((_, passed, seen),) = results_of(receipt)
    assert passed
    assert "set aside: clip 00001" in seen
    for judged in (validate_batch("many", entry), validate_batch("many", entry, raw=True)):
        assert judged.verdict.valid
        assert {*judged.before, *judged.verdict.reasons} == {"00001"}
    for file, content in whole.items():
        file.write_bytes(content)
    prepare_batch("many")
    mended = prepared_receipt("many")
    assert (mended.valid, mended.clips, mended.set_aside) == (True, CLIPS, {})


def test_a_clip_that_was_set_aside_leaves_the_others_as_they_would_be_without_it(
    order: Callable[..., BatchEntry],
) -> None:
    order()
    SPOILT["no licence"]()
    prepare_batch("many")
    with_it = folder_digest(PREPARED / "clips")
    lines = (RAW / "manifest.jsonl").read_text().splitlines()
    (RAW / "manifest.jsonl").write_text("".join(one + "\n" for one in [lines[0], *lines[2:]]))
    prepare_batch("many")
    assert folder_digest(PREPARED / "clips") == with_it
    assert read_validation(PREPARED).set_aside == {}


@pytest.mark.parametrize(
    ("policy", "spoilt", "said"),
    [
        ({"policy": "strict"}, 1, "1 of 4 clips cannot be used"),
        (
            {"least_share": 0.75},
            2,
            r"(?s)2 of 4 clips cannot be used.*2 of 4 are without a fault \| at least 3 must remain",
        ),
        ({"least_share": 0, "least_clips": 3}, 2, "(?s)2 of 4 clips cannot be used.*at least 3 must remain"),
        ({"least_share": 0}, 4, "4 of 4 clips cannot be used"),
    ],
)
def test_too_few_that_can_be_used_refuse_the_batch(
    order: Callable[..., BatchEntry], policy: dict[str, object], spoilt: int, said: str
) -> None:
    order(**policy)
    for number in range(spoilt):
        (RAW / f"clips/{number:05d}/rgb.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match=said):
        prepare_batch("many")


@pytest.mark.parametrize(("policy", "spoilt"), [({"policy": "strict"}, 1), ({}, 3)])
def test_too_few_that_keep_the_rules_refuse_the_batch(
    order: Callable[..., BatchEntry], policy: dict[str, object], spoilt: int
) -> None:
    order(**policy)
    for number in range(spoilt):
        line(number, lambda text: json.dumps({**json.loads(text), "licence": ""}))
    prepare_batch("many")
    receipt = prepared_receipt("many")
    assert (receipt.valid, receipt.clips, receipt.set_aside) == (False, CLIPS, {})
    assert sum("field licence" in failure for failure in receipt.failures) == spoilt
    with pytest.raises(ValueError, match="failed validation"):
        assert_valid(PREPARED)


def test_of_two_copies_one_stays(order: Callable[..., BatchEntry]) -> None:
    order()
    for file in (RAW / "clips/00002").iterdir():
        file.write_bytes((RAW / "clips/00000" / file.name).read_bytes())
    prepare_batch("many")
    receipt = prepared_receipt("many")
    assert (receipt.valid, list(receipt.set_aside)) == (True, ["00002"])
    assert "the same bytes in clips 00000, 00002" in receipt.set_aside["00002"][0]


def test_an_edited_verdict_is_found(order: Callable[..., BatchEntry]) -> None:
    order(policy="strict")
    SPOILT["no licence"]()
    prepare_batch("many")
    file = PREPARED / "validation.json"
    file.write_text(file.read_text().replace('"valid": false', '"valid": true'))
    with pytest.raises(ValueError, match=r"validation\.json was changed after it was written: remove it and prepare"):
        assert_valid(PREPARED)
