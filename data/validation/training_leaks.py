"""What must not stand on both sides of a split: persons, products, and the same film under two names.

Run when batches become a training set. Within a batch duplicates are validation's business; here batches are compared
with each other, so that a clip that was delivered twice is trained on once and never evaluated on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from data.thresholds import ValidationThresholds
from data.validation.batch_facts import FACTS
from data.validation.clip_fingerprint import Fingerprints
from foundation.failures import Failure
from foundation.json_lines import read_json_lines
from foundation.names import normal_identity

APART = "move its clips to one side, or set data.held_out_is_trained_on=true for an overfit on purpose"
ONCE = "drop one of the two clips"


@dataclass(frozen=True)
class Look:
    """What of a clip's facts is compared."""

    clip: str  # batch/clip id
    person_id: str
    product_id: str
    content_sha256: str
    fingerprint: str


def find_leaks(
    train: Mapping[str, Path], held_out: Mapping[str, Path], thresholds: ValidationThresholds, overlap: bool
) -> list[Failure]:
    """Every person, product or film that stands on both sides, and every film that two training batches share.

    Args:
        train: batch -> its prepared folder.
        held_out: the same for the exam.
        thresholds: whether products are kept apart, and what counts as nearly the same.
        overlap: the exam is trained on, on purpose: both sides are not compared.

    Raises:
        ValueError: a batch was not measured.
    """
    of_train = {batch: _looks(batch, folder) for batch, folder in train.items()}
    pairs = list(combinations(of_train.values(), 2))
    twice = [failure for one, other in pairs for failure in _same_film(one, other, thresholds)]
    if overlap:
        return twice
    trained = [look for looks in of_train.values() for look in looks]
    evaluated = [look for batch, folder in held_out.items() for look in _looks(batch, folder)]
    return [*_same_ids(trained, evaluated, thresholds), *twice, *_same_film(evaluated, trained, thresholds)]


def _same_ids(trained: Sequence[Look], evaluated: Sequence[Look], thresholds: ValidationThresholds) -> list[Failure]:
    failures: list[Failure] = []
    for field in ("person_id", *(["product_id"] if thresholds.products_apart else [])):
        where: dict[str, list[str]] = {}
        for look in trained:
            where.setdefault(getattr(look, field), []).append(look.clip)
        for look in evaluated:
            if clips := where.get(getattr(look, field)):
                value = f"{getattr(look, field)}, also in {_few(clips)}"
                failures.append(Failure(look.clip, field, value, "held out, so not in training", APART, "leak"))
    return failures


def _same_film(one: Sequence[Look], other: Sequence[Look], thresholds: ValidationThresholds) -> list[Failure]:
    first, second, similarity = Fingerprints([look.fingerprint for look in one]).alike(
        Fingerprints([look.fingerprint for look in other]), thresholds.most_similarity
    )
    pairs = {(one[a], other[b]): f"{share:.3f}" for a, b, share in zip(first, second, similarity, strict=True)}
    by_bytes = {look.content_sha256: look for look in other}
    pairs |= {(look, same): "the same bytes" for look in one if (same := by_bytes.get(look.content_sha256))}
    rule = f"similar by at most {thresholds.most_similarity:g} to any clip of another batch"
    return [
        Failure(look.clip, "video", f"{how} as {same.clip}", rule, ONCE, "leak") for (look, same), how in pairs.items()
    ]


def _looks(batch: str, folder: Path) -> list[Look]:
    file = folder / FACTS
    if not file.exists():
        raise ValueError(f"{file} is missing, so batch {batch} cannot be compared with others: prepare it again")
    looks: dict[str, Look] = {}
    for _, (facts, *_) in read_json_lines(file):
        looks[facts["clip_id"]] = Look(
            clip=f"{batch}/{facts['clip_id']}",
            person_id=normal_identity(facts["person_id"]),
            product_id=normal_identity(facts["product_id"]),
            content_sha256=facts["content_sha256"],
            fingerprint=facts["fingerprint"],
        )
    return list(looks.values())


def _few(clips: Sequence[str]) -> str:
    return ", ".join(clips[:3]) + (f" and {len(clips) - 3} more" if len(clips) > 3 else "")
