"""What lies where a regular file is expected: links, pipes, sockets, folders, nothing, paths elsewhere."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from random import Random

from orchestration.commands.torture.case import Case, change_record, clip_id, media

FIELDS = ("video", "hoi_video", "audio", "person_image", "product_image")
SECRET = Path("../outside/secret")  # relative to the scratch project: a file that must not come in


def draw(rng: Random, number: int) -> Case:
    """One clip's file is replaced, or its path is changed."""
    clip, field = rng.randrange(3), rng.choice(FIELDS)
    story, change = PLACES[number % len(PLACES)]
    return Case(
        f"{field}: {story}", change(clip, field), "refused", names=(clip_id(clip), field, "stray", "delivery.json")
    )


def _replaced(place: Callable[[Path], object]) -> Callable[[int, str], Callable[[Path], object]]:
    """The file is removed and something else put in its place."""

    def of(clip: int, field: str) -> Callable[[Path], object]:
        def change(delivery: Path) -> None:
            file = media(delivery, clip, field)
            file.unlink()
            place(file)

        return change

    return of


def _named(path: str) -> Callable[[int, str], Callable[[Path], object]]:
    """The record names another path."""
    return lambda clip, field: change_record(clip, **{field: path})


def _folder_link(clip: int, _field: str) -> Callable[[Path], object]:
    def change(delivery: Path) -> None:
        folder = delivery / "clips" / clip_id(clip)
        elsewhere = SECRET.resolve().parent / "clip"
        elsewhere.mkdir(exist_ok=True)
        for file in folder.iterdir():
            (elsewhere / file.name).write_bytes(file.read_bytes())
            file.unlink()
        folder.rmdir()
        folder.symlink_to(elsewhere)

    return change


def _stray(place: Callable[[Path], object]) -> Callable[[int, str], Callable[[Path], object]]:
    """Beside the clips lies something that no record names; a version of the folder would hold it."""
    return lambda _clip, _field: lambda delivery: place(delivery / "stray")


def _socket(file: Path) -> None:
    here = os.getcwd()
    os.chdir(file.parent)  # the path of a socket may be 107 bytes long
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(file.name)
    finally:
        os.chdir(here)


PLACES: tuple[tuple[str, Callable[[int, str], Callable[[Path], object]]], ...] = (
    ("a link to a file outside", _replaced(lambda file: file.symlink_to(SECRET.resolve()))),
    ("a pipe", _replaced(os.mkfifo)),
    ("a path that climbs out", _named("../../../../outside/secret")),
    ("a link to nothing", _replaced(lambda file: file.symlink_to("gone"))),
    ("a stray link to a file outside", _stray(lambda file: file.symlink_to(SECRET.resolve()))),
    ("missing", _replaced(lambda _file: None)),
    ("a socket", _replaced(_socket)),
    ("a folder", _replaced(Path.mkdir)),
    ("a stray pipe", _stray(os.mkfifo)),
    ("an absolute path", _named("/etc/hostname")),
    ("its folder is a link to one outside", _folder_link),
    ("a link to a device", _replaced(lambda file: file.symlink_to("/dev/zero"))),
    ("empty", _replaced(Path.touch)),
    ("a stray link to the root folder", _stray(lambda file: file.symlink_to("/"))),
    ("a stray link to its own folder", _stray(lambda file: file.symlink_to("."))),
    ("the folder itself", _named(".")),
    ("an address", _named("http://127.0.0.1:9/video.mp4")),
    ("a name with a zero byte", _named("clips\0/x")),
)
