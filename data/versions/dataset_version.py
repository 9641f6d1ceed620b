"""Versions of data: the only file that starts DVC, which owns the bytes under datasets/.

The order of the work is the caller's: `order_batch`, `deliver_raw`, then `reproduce` a stage for a batch. DVC runs as a
child process, one at a time, and the output of its own children is passed on as they come. Where not a byte changed
since DVC last reported that all is done, it is not asked again (data.versions.settled). Imports no torch, no Great
Expectations and not DVC itself.
"""

import json
import os
import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory

from data.clips.manifest import NAME as MANIFEST
from data.clips.manifest import read_manifest
from data.contracts import RawBatch
from data.versions.batch_entry import RAW, BatchEntry, Stage, write_entry
from data.versions.batch_receipts import raw_receipt
from data.versions.diff_batches import BatchVersion
from data.versions.settled import is_lost, is_settled, settle
from foundation.child_process import OnLine, follow
from foundation.named_lock import held
from foundation.names import check_name

LOCK = Path(".dvc/tmp/one_writer.lock")
FAULT = re.compile(r"^[\w.]*(Error|Exception|Interrupt)\b")  # the line of a traceback that names what went wrong
BUSY = re.compile(
    r"Unable to acquire lock|is busy, it is being blocked by|^\s+\(PID \d+\): |troubleshooting#lock-issue"
)
RETRY_SECONDS = 1.0


def order_batch(batch: str, entry: BatchEntry) -> None:
    """Write one batch's entry into datasets/batches.yaml; the file is touched only where the entry is another."""
    with one_writer(print):
        write_entry(batch, entry)


def deliver_raw(batch: str, on_line: OnLine) -> RawBatch:
    """Make datasets/raw/<batch> as ordered if it is not there, and record its bytes, which people may have edited.

    Raises:
        ValueError: it was delivered with other settings, or cannot be delivered; the message gives reason and fix.
    """
    with one_writer(on_line):
        _run(["data.preparation.deliver_batch", batch], f"delivery of {batch}", on_line)
    record_raw(batch, on_line)
    return raw_receipt(batch)


def record_raw(batch: str, on_line: OnLine) -> None:
    """Put the bytes of datasets/raw/<batch>, as they are now, under version control."""
    with one_writer(on_line):
        if not is_settled("raw", batch):
            _run(["dvc", "add", str(RAW / check_name(batch))], f"dvc add of {batch}", on_line, quiet=True)
            settle("raw", batch)


def reproduce(stage: Stage, batch: str, on_line: OnLine) -> bool:
    """Run one DVC stage for one batch, or nothing where its inputs and its output are what they were.

    Returns:
        Whether nothing had to be done.

    Raises:
        ValueError: the stage failed; the message ends with the output of its process.
    """
    target, what = f"{stage}@{check_name(batch)}", f"stage {stage} of {batch}"
    with one_writer(on_line):
        if is_settled(stage, batch):
            return True
        if is_lost(stage, batch):  # from the cache, as far as it is there; what is not there is made again
            _follow(["dvc", "checkout", "--quiet", target], ignore)
        lines = _run(["dvc", "repro", "--single-item", target], what, on_line)
        settle(stage, batch)
    return not any(line.startswith("Running stage") for line in lines)


def read_version(name: str, folder: str, revision: str | None) -> BatchVersion:
    """The clips and files of a batch's folder, as it lies here or as a git revision recorded it.

    Raises:
        ValueError: no such folder or revision, or its bytes are neither in the cache nor in the remote.
    """
    if revision is None:
        here = Path(folder)
        files = {path.relative_to(here).as_posix(): path for path in here.rglob("*") if path.is_file()}
        return BatchVersion(name, read_manifest(here), {path: _md5(file) for path, file in files.items()})
    at = [f"--rev={revision}"]  # one argument: it may begin with a dash
    listed = _run(["dvc", "list", ".", folder, "-R", "--json", "--show-hash", *at], f"listing {name}", ignore)
    files = json.loads(next(line for line in reversed(listed) if line.startswith("[")))
    with TemporaryDirectory() as temporary:
        target = ["-o", f"{temporary}/{MANIFEST}", "--quiet"]
        _run(["dvc", "get", ".", f"{folder}/{MANIFEST}", *at, *target], f"reading {name}", ignore)
        return BatchVersion(name, read_manifest(Path(temporary)), {entry["path"]: entry["md5"] for entry in files})


def ignore(_line: str) -> None:
    """A callback for output that nobody needs."""


@contextmanager
def one_writer(on_line: OnLine) -> Generator[None]:
    """DVC takes one writer at a time; the others wait here, and log for whom."""
    with held(LOCK, f"process {os.getpid()}", lambda line: on_line(f"{line}, which works on datasets/")):
        yield


def _run(module: list[str], what: str, on_line: OnLine, quiet: bool = False) -> list[str]:
    """Run `python -m module ...`; where somebody runs `dvc` by hand beside it, wait for its lock instead of failing.

    Quiet: its output is passed on in an error only (its own `--quiet` would hide why it failed).
    """
    announced = False
    while True:
        code, lines = _follow(module, lambda line: None if quiet or BUSY.search(line) else on_line(line))
        if code == 0:
            return lines
        if not any(BUSY.search(line) for line in lines):
            raise ValueError(f"{what} failed (exit code {code}): {_why(lines)}")
        if not announced:
            on_line(f"waiting for another dvc command to end, then {what} goes on")
            announced = True
        time.sleep(RETRY_SECONDS)


def _md5(file: Path) -> str:
    with file.open("rb") as handle:
        return file_digest(handle, "md5").hexdigest()


def _follow(module: list[str], on_line: OnLine) -> tuple[int, list[str]]:
    """`python -m module ...` in the project root, its lines handed on; `python` in DVC stages is this same Python."""
    lines: list[str] = []

    def keep(line: str) -> None:
        lines.append(line)
        on_line(line)

    return follow(["-m", *module], keep)[0], lines


def _why(lines: list[str]) -> str:
    """The last words of the failing process: its exception without the traceback, or the end of its output."""
    faults = [number for number, line in enumerate(lines) if FAULT.match(line)]
    last = lines[faults[-1] :] if faults else lines[-5:]
    text = [line for line in last if line.strip()]
    return "\n".join([line for line in text if not line.startswith("ERROR: failed to reproduce")] or text)
