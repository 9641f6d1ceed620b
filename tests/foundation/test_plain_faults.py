"""A library's error as one line with its fix: raised here, or told by a child process."""

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from PIL import Image

from foundation.plain_faults import explained, explained_line


def a_locked_database(folder: Path) -> None:
    with sqlite3.connect(folder / "a.db", isolation_level="EXCLUSIVE") as holder:
        holder.execute("BEGIN EXCLUSIVE")
        sqlite3.connect(folder / "a.db", timeout=0).execute("create table t(x)")


def a_file_that_is_no_database(folder: Path) -> None:
    (folder / "a.db").write_bytes(b"x" * 4096)
    sqlite3.connect(folder / "a.db").execute("select * from t")


def a_folder_below_a_file(folder: Path) -> None:
    (folder / "a").write_text("")
    (folder / "a" / "b").mkdir()


def a_huge_picture(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
        Image.new("RGB", (30, 30)).save(folder / "a.png")
        Image.open(folder / "a.png")


def broken_yaml(folder: Path) -> None:
    yaml.safe_load("a: [1, 2")


def broken_json(folder: Path) -> None:
    json.loads("{")


def latin_text(folder: Path) -> None:
    b"M\xe4rz".decode("utf-8")


def full(folder: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x/weights")


def denied(folder: Path) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/x/videos")


def a_long_name(folder: Path) -> None:
    (folder / ("a" * 300)).write_text("")


FAULTS: dict[Callable[[Path], None], str] = {
    a_locked_database: "is used by another process",
    a_file_that_is_no_database: "is damaged",
    a_folder_below_a_file: "is no folder, or lies below a file",
    a_huge_picture: "a picture is too large",
    broken_yaml: "a YAML file cannot be read",
    broken_json: "a JSON file cannot be read",
    latin_text: "no text in UTF-8",
    full: "no room is left on the disk (/x/weights)",
    denied: "/x/videos cannot be opened or written (permission denied)",
    a_long_name: "is too long a name",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_librarys_error_is_a_line_with_its_fix_here_and_from_a_child(
    fault: Callable[[Path], None], tmp_path: Path
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of any library
        fault(tmp_path)
    kind = f"{caught.type.__module__}.{caught.type.__qualname__}"
    for line in (explained(kind, str(caught.value)), explained_line(f"{kind}: {caught.value}")):
        assert FAULTS[fault] in line
        assert ": " in line, "what, and the fix"
        assert "\n" not in line


def test_an_unknown_error_keeps_its_words_on_one_line() -> None:
    assert explained("lib.OddError", "first\n  second") == "OddError: first second"


def test_what_is_ours_keeps_its_words() -> None:
    said = "ValueError: clip 0003: no such file or directory 'a.mp4': deliver it again"
    assert explained_line(said) == said


def test_no_credential_comes_through() -> None:
    assert "geheim" not in explained("lib.OddError", "GET https://me:geheim@host/x failed")
    assert "geheim" not in explained_line("lib.OddError: GET https://me:geheim@host/x failed")
