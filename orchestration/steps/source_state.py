"""Which commit the code in this checkout is, and whether it is as committed."""

from functools import cache
from typing import NamedTuple

from foundation.git import git

DECIDE = ("*.py", "conf", "dvc.yaml", "requirements.txt")  # what of the tree decides what a run does


class SourceState(NamedTuple):
    """Of the code that this process runs."""

    commit: str  # empty: no git checkout
    clean: bool  # none of what decides was changed since


@cache
def source_state() -> SourceState:
    """As git has it, asked once a process."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", *DECIDE)
    return SourceState(commit, bool(commit) and not changed)


def _git(*arguments: str) -> str:
    try:
        return git(*arguments).strip()
    except ValueError:
        return ""
