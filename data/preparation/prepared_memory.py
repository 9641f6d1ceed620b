"""Which prepared clips can stay: each is remembered with the digest of all that decided it, so one changed clip is one
clip's work.

datasets/.memory/prepared/BATCH.jsonl, a line a clip, written as clips are done: an interrupted preparation continues.
It belongs to this checkout, not to the data's version; without it a batch is prepared anew, to the same bytes. The code
that decides a clip's bytes and facts is part of the digest, so nobody has to remember to raise a version.
"""

from contextlib import suppress
from hashlib import sha256
from os.path import normpath
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from data.clips.manifest import MEDIA_FIELDS
from data.contracts import ClipRecord
from data.preparation.prepare_clip import ClipJob, prepare_clip
from data.validation.clip_facts import ClipFacts
from foundation.code_digest import code_digest
from foundation.digests import file_digests, file_sha256
from foundation.json_lines import append_line, read_lines, write_lines

MEMORY = Path("datasets/.memory/prepared")
CODE = "data.preparation.prepare_clip"  # with all that it may run: what decides a clip's bytes and facts


class Done(NamedTuple):
    """One clip, prepared."""

    record: ClipRecord
    facts: ClipFacts
    files: dict[str, str]  # relative to the prepared folder -> sha256


LINE = TypeAdapter(tuple[str, Done])  # the digest of all that decided the clip, and the clip


def prepare_and_hash(job: ClipJob) -> Done:
    """Prepare one clip and say what its files are.

    Raises:
        ClipError: the clip cannot be used at all.
    """
    record, facts = prepare_clip(job)
    files = sorted(file for file in job.folder.iterdir() if file.is_file())
    return Done(record, facts, {f"{job.relative_folder}/{file.name}": file_sha256(file) for file in files})


class PreparedMemory:
    """What this checkout knows of the prepared clips of one batch."""

    def __init__(self, raw: Path, prepared: Path) -> None:
        self._file = _file(prepared.name)
        self._code = code_digest(CODE)
        self._raw = file_digests(raw)
        self._there = file_digests(prepared) if any(prepared.glob("clips/*/*")) else {}
        self._known = _read(self._file)

    def recall(self, job: ClipJob) -> Done | None:
        """The clip as it was prepared, where nothing that decides it changed and its files are what they were."""
        done = self._known.get(self._key(job))
        intact = done is not None and all(self._there.get(name) == digest for name, digest in done.files.items())
        return done if intact else None

    def keep(self, job: ClipJob, done: Done) -> None:
        """Remember one clip at once, so that it need not be prepared again if the next one fails."""
        key = self._key(job)
        self._known[key] = done
        self._file.parent.mkdir(parents=True, exist_ok=True)
        append_line(self._file, LINE.dump_json((key, done)).decode())

    def forget_others(self, jobs: list[ClipJob]) -> None:
        """Keep the lines of these clips only: the batch is complete."""
        keys = [self._key(job) for job in jobs]
        _write(self._file, {key: self._known[key] for key in keys if key in self._known})

    def _key(self, job: ClipJob) -> str:
        named = [getattr(job.record, field) for field in MEDIA_FIELDS]
        media = [self._raw.get(normpath(name)) if name else "" for name in named]
        decided_by = (self._code, job.record.model_dump_json(), job.clip.model_dump_json(), job.accepted_rates, media)
        return sha256(repr(decided_by).encode()).hexdigest()


def forget_batch(batch: str) -> None:
    """Forget a whole batch."""
    _file(batch).unlink(missing_ok=True)


def forget_clips(batch: str, clips: set[str]) -> None:
    """Forget some clips of a batch, and lines that cannot be read."""
    known = _read(_file(batch))
    _write(_file(batch), {key: done for key, done in known.items() if done.record.clip_id not in clips})


def _file(batch: str) -> Path:
    return MEMORY / f"{batch}.jsonl"


def _read(file: Path) -> dict[str, Done]:
    """{key: the clip that is remembered under it}, without lines of another version of these classes."""
    known: dict[str, Done] = {}
    for _, line in read_lines(file, appended=True):
        with suppress(ValidationError):
            key, known[key] = LINE.validate_json(line)
    return known


def _write(file: Path, known: dict[str, Done]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_lines(file, (LINE.dump_json(item).decode() for item in known.items()))
