"""git, asked about this checkout or another. It ends by itself, so it needs no guard."""

import subprocess
from pathlib import Path

from foundation.home import ROOT


def git(*arguments: str, folder: Path = ROOT) -> str:
    """What `git <arguments>` prints, run in `folder`.

    Raises:
        ValueError: git is not there or refuses; the message is its own last line.
    """
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, encoding="utf-8", check=False)
    except FileNotFoundError as error:
        raise ValueError("git is not installed: install it first") from error
    if done.returncode != 0:
        said = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        raise ValueError(f"git {' '.join(arguments[:3])}: {said}")
    return done.stdout
