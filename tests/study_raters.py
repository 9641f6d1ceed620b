"""Raters with a hidden preference that a test knows: what they would answer to a question they are shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from evaluation.study.contracts import CRITERIA, read_key, read_study

Ranks = dict[str, list[int]]


@dataclass
class Rater:
    """Prefers methods by their quality (Bradley-Terry: 2 is preferred to 1 in two of three), or answers at random."""

    name: str
    method_of: Mapping[str, str]  # file -> method, "damaged" for the copies that are
    quality: Mapping[str, float]
    random: Random
    looks: bool = True

    def ranks(self, files: list[str]) -> Ranks:
        """For every criterion, ranks in the order of the files."""
        return {criterion: self._ranking(files) for criterion in CRITERIA}

    def _ranking(self, files: list[str]) -> list[int]:
        if not self.looks:
            return [self.random.randint(1, len(files)) for _ in files]
        waiting = {at: self.quality[self.method_of[file]] for at, file in enumerate(files)}
        ranks = [0] * len(files)
        for rank in range(1, len(files) + 1):
            at = self.random.choices(list(waiting), list(waiting.values()))[0]
            ranks[at] = rank
            del waiting[at]
        return ranks


def methods_of_files(folder: Path) -> dict[str, str]:
    """File -> method, as only the study's key tells."""
    study = read_study(folder)
    key = read_key(folder, study)
    named = {file: key.methods[slot] for clip in study.clips for slot, file in enumerate(clip.videos)}
    return {**named, **{one.video: "damaged" for one in study.damaged}}


def sent(rater: str, question: Mapping[str, Any], ranks: Ranks) -> bytes:
    """An answer as the page sends it."""
    return json.dumps({"rater": rater, "question": question["number"], "ranks": ranks, "seconds": 2.5}).encode()
