"""Locks between processes, shared or alone, that tell whoever waits for whom. They end with their process.

`filelock.ReadWriteLock` holds them; beside its file lies a note of each holder, NAME.held_by/PID, for people. A note of
a process that died is passed over.
"""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import ReadWriteLock, Timeout

from foundation.whole_file import write_whole

DOES_NOT_DECIDE = "only makes processes wait for each other"
SHORT_SECONDS = 0.2  # that another may hold it without anybody being told


@contextmanager
def held(
    file: Path, who: str, on_line: Callable[[str], None], how: Literal["alone", "shared"] = "alone"
) -> Generator[None]:
    """Hold the lock in a file; where others do, say who they are and wait until they end or die.

    Args:
        file: of the lock; its folder is made.
        who: this holder, for those who wait.
        on_line: is told `waiting for ...`, once.
        how: alone, or shared with others who share it. A process that holds it may share it once more.
    """
    lock, note = ReadWriteLock(_made(file)), _notes(file) / str(os.getpid())
    acquire = lock.acquire_write if how == "alone" else lock.acquire_read
    try:
        acquire(timeout=SHORT_SECONDS)
    except Timeout:
        on_line(f"waiting for {holders(file)}")
        acquire(timeout=-1)
    outermost = _read(note) != who  # another name: of a process of our number that died
    try:
        if outermost:
            note.parent.mkdir(exist_ok=True)
            write_whole(note, who)
        yield
    finally:
        if outermost:
            note.unlink(missing_ok=True)
        lock.release()


def holders(file: Path) -> str:
    """Who holds it, as they called themselves."""
    notes = sorted(_notes(file).glob("*")) if _notes(file).is_dir() else []
    alive = [note for note in notes if note.name.isdecimal() and _is_alive(int(note.name))]
    names = [name for note in alive if (name := _read(note))]
    return ", ".join(dict.fromkeys(names)) or "another process"


def _made(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _notes(file: Path) -> Path:
    return file.with_name(f"{file.name}.held_by")


def _read(note: Path) -> str:
    try:
        return note.read_text(encoding="utf-8")
    except OSError:  # there is none
        return ""


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
