"""A receipt is its retraining's; the newest of a configuration is a view."""

import re
from pathlib import Path

import pytest

from data.contracts import RawBatch
from foundation.sealed_file import read_sealed, write_sealed
from model.contracts import Encoders
from orchestration.configuration.load_config import PipelineConfig, load_config
from orchestration.steps.receipts import LATEST, Receipts, newest


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return load_config(["experiment=smoke"])


@pytest.fixture
def one(project: Path, config: PipelineConfig) -> Receipts:
    return Receipts(config, "run one")


def fitted(digest: str) -> Encoders:
    return Encoders(folder="f", digest=digest, captions={})


def with_seed(config: PipelineConfig, seed: int) -> PipelineConfig:
    stage = config.training.stage_one.model_copy(update={"seed": seed})
    return config.model_copy(update={"training": config.training.model_copy(update={"stage_one": stage})})


def test_two_retrainings_at_once_keep_their_own(one: Receipts, config: PipelineConfig) -> None:
    other = Receipts(config, "run two")
    one.write(fitted("one's"), "encoders")
    other.write(fitted("two's"), "encoders")
    assert one.load("encoders") == fitted("one's")
    assert other.load("encoders") == fitted("two's")
    assert Receipts(config).load("encoders") == fitted("two's"), "who comes from outside gets the newest"


def test_what_a_retraining_did_not_make_is_the_newest_of_its_configuration(
    one: Receipts, config: PipelineConfig
) -> None:
    one.write(fitted("one's"), "encoders")
    assert Receipts(config, "run two").load("encoders") == fitted("one's")
    other = Receipts(with_seed(config, 5), "run three")
    assert not other.has("encoders")
    assert other.previous("encoders") is None
    with pytest.raises(ValueError, match=r"encoders has not been made yet: materialise it first .*encoders\.json"):
        other.load("encoders")


def test_the_newest_of_any_configuration_with_the_same_sections(one: Receipts, config: PipelineConfig) -> None:
    one.write(fitted("one's"), "encoders")
    Receipts(with_seed(config, 5), "run two").write(fitted("two's"), "encoders")
    assert newest("encoders", {"data": config.data}) == fitted("two's")
    assert newest("encoders", {"training": config.training}) == fitted("one's")
    other = load_config()
    with pytest.raises(ValueError, match="encoders has not been made with this data and gate yet: `graspline run`"):
        newest("encoders", {"data": other.data, "gate": other.gate})


def test_what_was_never_made_or_was_changed_by_hand_is_said(one: Receipts, config: PipelineConfig) -> None:
    with pytest.raises(ValueError, match=r"raw_batch/march\.json is missing"):
        one.load("raw_batch", "march")
    raw = RawBatch(batch="march", folder="f", source="studio", clips=2, digest="digest of march")
    one.write(raw, "raw_batch", "march")
    file = Path("registry/receipts/run one/raw_batch/march.json")
    kept = file.read_text()
    file.write_text(kept.replace("digest of march", "digest of may"))
    said = r"march\.json was changed after it was written: remove it and materialise raw_batch again"
    with pytest.raises(ValueError, match=said):
        one.load("raw_batch", "march")
    assert Receipts(config).load("raw_batch", "march") == raw
    one.write(fitted("e"), "encoders")
    Path("registry/receipts/run one/encoders.json").write_text(kept)
    with pytest.raises(ValueError, match=r"encoders\.json is the receipt of raw_batch, not of encoders: remove it"):
        one.load("encoders")


def test_a_receipt_of_another_version_is_refused_and_counts_as_none(one: Receipts, config: PipelineConfig) -> None:
    one.write(fitted("e"), "encoders")
    (file,) = LATEST.glob("*/encoders.json")
    body, latest = read_sealed(file, ""), Receipts(config)
    for spoilt in ({**body, "kind": "Gone"}, {**body, "receipt": {**body["receipt"], "extra": "x"}}):
        write_sealed(file, spoilt)
        with pytest.raises(ValueError, match=r"encoders\.json was written by another version of Graspline: remove it"):
            latest.load("encoders")
        assert latest.previous("encoders") is None
    file.write_text("{}")
    with pytest.raises(ValueError, match=re.escape("has no seal, another version of Graspline wrote it: remove it")):
        latest.load("encoders")
