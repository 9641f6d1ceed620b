"""What a rule saw, in one line: the range of the numbers or the values that occurred, and how many rows broke it."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import pandas as pd

from data.validation.rules import Rule

FEW = 3  # values that are named; of more, how many there are
LONGEST = 80  # characters of one


@dataclass(frozen=True)
class Observed:
    """One rule and the column it looked at."""

    name: str
    message: str  # the rule, for people
    judged: int  # rows: clips or boxes
    broken: int
    seen: str


def observed(
    table: pd.DataFrame, rules: Sequence[Rule], broken: Sequence[tuple[Rule, Sequence[int]]]
) -> list[Observed]:
    """One entry a rule; a rule whose column was empty somewhere counts those rows as broken."""
    by_rule = {id(rule): set(rows) for rule, rows in broken}
    return [
        Observed(
            rule.column,
            str(rule),
            len(table),
            len(by_rule.get(id(rule), set()) | _empty(table, rule.column)),
            _seen(table[rule.column]),
        )
        for rule in rules
    ]


def _empty(table: pd.DataFrame, column: str) -> set[int]:
    return {row for row, empty in enumerate(table[column].isna().tolist()) if empty}


def _seen(column: Any) -> str:
    values = column.dropna()
    if len(values) and pd.api.types.is_numeric_dtype(values):
        low, middle, high = values.min(), values.median(), values.max()
        return f"{low:g}" if low == high else f"{low:g} to {high:g}, median {middle:g}"
    different = values.unique()
    if len(different) > FEW:
        return f"{len(different)} different"
    return ", ".join(shorten(str(value), LONGEST, placeholder=" ...") or "(empty)" for value in different)
