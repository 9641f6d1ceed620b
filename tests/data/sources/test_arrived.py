"""Whatever a folder in datasets/raw is called: it is taken in under its name, or named with one and left alone."""

import os
import shutil
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.sources.arrived import arrived_batches, misnamed_arrivals
from foundation.names import is_name

# all that Linux allows, bytes that are no UTF-8 among them
FOLDER = st.binary(min_size=1, max_size=60).map(os.fsdecode).filter(lambda name: not {"/", "\x00"} & set(name))
NAMES = FOLDER | st.text(min_size=1, max_size=20).filter(lambda name: not {"/", "\x00"} & set(name))
FAST = settings(
    derandomize=True, deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FAST
@given(NAMES.filter(lambda name: not name.startswith(".") and name.encode("utf-8", "surrogateescape")))
def test_a_folder_is_a_batch_or_is_named(tmp_path: Path, name: str) -> None:
    raw = tmp_path / "raw"
    shutil.rmtree(raw, ignore_errors=True)
    for folder in (raw / "fine", raw / name):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.jsonl").touch()
    arrived, misnamed = arrived_batches(raw), misnamed_arrivals(raw)
    assert "fine" in arrived, "what else arrived goes on"
    assert all(map(is_name, arrived))
    assert len(arrived) + len(misnamed) == len({"fine", name})
    assert all(line.startswith("warning: ") and line.isprintable() for line in misnamed)


def test_the_fix_is_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "x;touch PWNED"
    folder.mkdir()
    (folder / "manifest.jsonl").touch()
    (line,) = misnamed_arrivals(tmp_path)
    assert "'x;touch PWNED' cannot be a name (it holds ';')" in line
    assert "call it x-touch-PWNED (rename the folder)" in line
