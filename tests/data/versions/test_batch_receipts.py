import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from data.sources import read_batch
from data.validation.verdict import Verdict, write_validation
from data.versions.batch_entry import batch_entry
from data.versions.batch_receipts import assert_valid, prepared_receipt
from foundation.clip_format import ClipFormat
from foundation.digests import folder_digest
from foundation.failures import Failure

VALID = Verdict((), (), ())


@pytest.fixture
def prepared(deliver: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest, where a prepared batch called `tiny` would lie; the working folder is its project."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "datasets/prepared").mkdir(parents=True)
    return deliver().rename(tmp_path / "datasets/prepared/tiny")


def test_a_valid_batch_is_accepted_and_has_a_receipt(prepared: Path) -> None:
    write_validation(prepared, VALID, clips=1, raw_digest="raw")
    assert_valid(prepared)
    receipt = prepared_receipt("tiny")
    assert (receipt.valid, receipt.clips, receipt.raw_digest, receipt.failures) == (True, 1, "raw", [])
    assert receipt.digest == folder_digest(prepared)


def test_an_invalid_batch_is_refused_with_its_faults(prepared: Path) -> None:
    fault = Failure("c0", "prompt", "''", "not empty", "write it", "prompt")
    write_validation(prepared, Verdict((fault,), (), ()), clips=1, raw_digest="raw")
    assert prepared_receipt("tiny").valid is False
    with pytest.raises(ValueError, match=r"clip c0 \| field prompt \| '' \| prompt: not empty \| fix: write it"):
        assert_valid(prepared)


def test_a_manifest_changed_after_validation_is_refused(prepared: Path) -> None:
    write_validation(prepared, VALID, clips=1, raw_digest="raw")
    manifest = prepared / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace("moves", "jumps"))
    with pytest.raises(ValueError, match=r"manifest\.jsonl in .* changed after validation"):
        assert_valid(prepared)


def test_a_file_changed_after_validation_is_refused(prepared: Path) -> None:
    write_validation(prepared, VALID, clips=1, raw_digest="raw")
    video = prepared / "c0/rgb.mp4"
    video.write_bytes(video.read_bytes() + b"x")
    with pytest.raises(ValueError, match=r"clips in .* changed after validation: prepare the batch again"):
        assert_valid(prepared)


def test_a_batch_that_was_never_validated_is_refused(prepared: Path) -> None:
    with pytest.raises(ValueError, match=r"validation\.json is missing"):
        assert_valid(prepared)


def test_digest_is_of_names_and_bytes_only(prepared: Path, tmp_path: Path) -> None:
    before = folder_digest(prepared)
    os.utime(prepared / "manifest.jsonl", (1, 1))
    assert folder_digest(prepared) == before
    moved = prepared.rename(tmp_path / "elsewhere")
    assert folder_digest(moved) == before
    (moved / "c0").rename(moved / "c1")
    assert folder_digest(moved) != before


def test_digest_sees_a_change_that_keeps_size_and_time(prepared: Path) -> None:
    file = prepared / "manifest.jsonl"
    before, status = folder_digest(prepared), file.stat()
    file.write_text(file.read_text().replace("moves", "jumps"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert folder_digest(prepared) != before


def test_digest_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="missing or empty"):
        folder_digest(tmp_path / "nothing")


def test_an_unknown_batch_and_a_typo_in_its_entry_are_named(
    prepared: Path, tmp_path: Path, clip_format: ClipFormat
) -> None:
    batch = {"source": "studio", "seed": 0, "clips": 1, "clip": 1}
    entry = {"batch": batch, "clip": clip_format.model_dump(), "encoders": "a", "encoding": {}}
    (tmp_path / "datasets/batches.yaml").write_text(yaml.safe_dump({"batches": {"a": entry}}))
    with pytest.raises(ValueError, match=r"batch b is not in .*known are a"):
        batch_entry("b")
    with pytest.raises(ValueError, match=r"clip\n +Extra inputs are not permitted"):
        read_batch(batch_entry("a").batch_values)
