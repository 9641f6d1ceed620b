"""A full disk, told as what it is: whatever library hit it, whatever file it was writing."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def full_disk_named(folder: Path) -> Generator[None]:
    """Work that writes below `folder`.

    Raises:
        ValueError: the disk, a quota or the largest allowed file is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise ValueError(
            f"no room left to write {error.filename or folder} ({error.strerror}): make room and run again; what is "
            "whole is kept, nothing half-written is used"
        ) from error
