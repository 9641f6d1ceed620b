"""A delivery is regular files inside it: whatever else lies there is named, and nothing of it is opened."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.delivered_files import check_delivery, delivered_files
from foundation.media_limits import MediaLimits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "delivery"
    (made / "clips").mkdir(parents=True)
    (made / "clips" / "a.mp4").write_bytes(b"a")
    (made / ".hidden").write_bytes(b"h")
    (tmp_path / "secret").write_bytes(b"s")
    (tmp_path / "elsewhere").mkdir()
    return made


def test_files_and_links_inside_are_files(folder: Path) -> None:
    (folder / "b.mp4").symlink_to("clips/a.mp4")
    os.link(folder / "clips" / "a.mp4", folder / "c.mp4")
    check_delivery(folder)
    assert [file.name for file in delivered_files(folder)] == ["b.mp4", "c.mp4", "a.mp4"]


FAULTS = {
    "pipe": (lambda path: os.mkfifo(path), "is a pipe: remove it"),
    "out": (lambda path: path.symlink_to(path.parents[2] / "secret"), "leads out of .*: put the file itself there"),
    "up": (lambda path: path.symlink_to("../../secret"), "leads out of"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "leads out of"),
    "away": (lambda path: path.symlink_to(path.parents[2] / "elsewhere"), "leads out of"),
    "loop": (lambda path: path.symlink_to(".."), "is a link to a folder"),
    "itself": (lambda path: path.symlink_to(path.name), "is a link to nothing"),
    "nothing": (lambda path: path.symlink_to("gone"), "is a link to nothing"),
    "socket": (lambda path: _bind(path), "is a socket: remove it"),
    "huge": (lambda path: _huge(path), r"has 300\.0 GB, the limit is 100"),
}


def _bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(300 * 10**9)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", FAULTS)
def test_whatever_else_lies_there_is_named(folder: Path, kind: str) -> None:
    make, message = FAULTS[kind]
    make(folder / "clips" / f"{kind}.mp4")
    for check in (check_delivery, delivered_files):
        with pytest.raises(ValueError, match=rf"{kind}\.mp4 .*{message}"):
            check(folder)


def test_hidden_files_are_looked_at_where_they_would_be_used(folder: Path) -> None:
    os.mkfifo(folder / ".pipe")
    delivered_files(folder)
    with pytest.raises(ValueError, match=r"\.pipe is a pipe"):
        check_delivery(folder)


def test_the_folder_itself_is_no_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(ValueError, match="link is a link: put the folder itself there"):
        check_delivery(tmp_path / "link")
    with pytest.raises(ValueError, match="gone is no folder"):
        check_delivery(tmp_path / "gone")


@settings(derandomize=True, deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.binary(min_size=1, max_size=12).filter(lambda name: not set(name) & set(b"/.\0")))
def test_a_name_that_is_no_text_is_refused_and_shown(folder: Path, name: bytes) -> None:
    path = os.fsencode(folder) + b"/clips/" + name
    if os.path.lexists(path):
        return
    with open(path, "wb"):
        pass
    try:
        if os.fsdecode(name).isprintable():
            check_delivery(folder)
        else:
            with pytest.raises(
                ValueError, match="has a name with characters that cannot be shown: rename it"
            ) as caught:
                check_delivery(folder)
            assert str(caught.value).isprintable()
    finally:
        os.unlink(path)


def test_many_faults_are_one_line(folder: Path) -> None:
    for number in range(9):
        os.mkfifo(folder / f"{number}")
    with pytest.raises(ValueError, match=r"^[^\n]*0 is a pipe[^\n]*\(and 4 more\)$"):
        delivered_files(folder, MediaLimits())
