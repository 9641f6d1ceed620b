"""A person or product on both sides of the split is found however the ids were written down."""

import json
from pathlib import Path

import numpy as np
import pytest

from data.thresholds import ValidationThresholds
from data.validation import training_leaks
from data.validation.batch_facts import FACTS
from data.validation.clip_fingerprint import fingerprint


def facts(folder: Path, person: str, product: str, seed: int) -> Path:
    """facts.jsonl of one clip, as an older version wrote it: ids as they came."""
    folder.mkdir()
    look = fingerprint(np.random.default_rng(seed).integers(0, 255, (9, 48, 32, 3), np.uint8))
    ids = {"clip_id": "c0", "person_id": person, "product_id": product}
    line = [{**ids, "content_sha256": str(seed), "fingerprint": look}, {}]
    (folder / FACTS).write_text(json.dumps(line, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("trained", "held_out", "fields"),
    [
        (("anna", "mug"), ("anna ", "pan"), ["person_id"]),
        (("Zo\u00eb", "mug"), ("Zoe\u0308", "pan"), ["person_id"]),
        (("anna", "mug\u2028"), ("ben", "\ufeffmug"), ["product_id"]),
        (("anna", "mug"), ("Anna", "pan"), []),
    ],
)
def test_ids_that_look_the_same_are_a_leak(
    tmp_path: Path, trained: tuple[str, str], held_out: tuple[str, str], fields: list[str]
) -> None:
    sides = [{name: facts(tmp_path / name, *ids, seed)} for name, ids, seed in (("a", trained, 1), ("b", held_out, 2))]
    leaks = training_leaks.find_leaks(sides[0], sides[1], ValidationThresholds(), overlap=False)
    assert [leak.field for leak in leaks] == fields
