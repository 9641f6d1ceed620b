"""Ids: of one person in several spellings, and of clips that are to become folders."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from unicodedata import normalize

from data.clips.manifest import read_manifest
from orchestration.commands.torture.case import Case, change_record, clip_id

WITHDRAWN = "Zoë Müller"  # the scratch project's withdrawals.jsonl names this person, in form C
SPELLINGS = (
    "Zoë Müller ",
    normalize("NFD", "Zoë Müller"),
    " Zoë Müller",
    "Zoë Müller\n",
    "\u00a0Zoë Müller",
    normalize("NFD", "  Zoë Müller\t"),
)
CLIP_IDS = ("../../escape", "/etc/x", "a b", "a;touch PWNED", "..", "", "a/b", "x" * 300, "clip\n2", "ümlaut", "a\0b")


def draw(rng: Random, number: int) -> Case:
    """By turns a withdrawn person, and an id that is no folder's name."""
    clip, turn = rng.randrange(3), number // 2
    if number % 2:
        bad = CLIP_IDS[turn % len(CLIP_IDS)]
        change = change_record(clip, clip_id=bad)
        return Case(f"a clip id {bad[:20]!r}", change, "refused", ("clip_id", bad, clip_id(clip)))
    spelling = SPELLINGS[turn % len(SPELLINGS)]
    return Case(
        f"a withdrawn person as {spelling!r}",
        change_record(clip, person_id=spelling),
        "refused",  # with no reason: the ledger of withdrawals holds it
        check=_without(clip_id(clip)),
    )


def _without(clip: str) -> Callable[[Path], str | None]:
    def check(prepared: Path) -> str | None:
        there = [record.clip_id for record in read_manifest(prepared)]
        return f"clip {clip} of a withdrawn person is prepared" if clip in there else None

    return check
