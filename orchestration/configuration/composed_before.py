"""What Hydra composed before. Composing takes longer than most commands' own work, and gives the same every time.

Kept by all that decides it: every file of conf/, the overrides, and the versions of Hydra and OmegaConf. It lies in
datasets/.memory beside the digests of files, and may be removed at any time.
"""

import json
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from foundation.digests import text_sha256
from foundation.state_file import read_state
from foundation.whole_file import write_whole

MEMORY = Path("datasets/.memory/composed.json")
REMEMBERED = 32  # compositions
Composed = dict[str, Any]


def composed_once(conf: Path, overrides: Sequence[str], compose: Callable[[], Composed]) -> Composed:
    """What `compose` gives for these overrides on this folder, or what it gave before."""
    key = _key(conf, overrides)
    known = _known()
    if key in known:
        return known[key]
    composed = compose()
    if MEMORY.parents[1].is_dir():
        MEMORY.parent.mkdir(exist_ok=True)
        newest = list(known.items())[1 - REMEMBERED :]
        write_whole(MEMORY, json.dumps(dict([*newest, (key, composed)])))
    return composed


def _key(conf: Path, overrides: Sequence[str]) -> str:
    files = {file.relative_to(conf).as_posix(): file.read_text(encoding="utf-8") for file in conf.rglob("*.yaml")}
    tools = {name: version(name) for name in ("hydra-core", "omegaconf")}
    return text_sha256(json.dumps([files, list(overrides), tools], sort_keys=True))


def _known() -> dict[str, Composed]:
    """Nothing where it does not read: then it is composed again."""
    try:
        return read_state(MEMORY, dict[str, Composed], "it is made anew")
    except ValueError:
        return {}
