"""Which prepared clips can stay: each is remembered with the digest of all that decided it, so one changed clip is one
clip's work.

datasets/.memory/prepared/BATCH.jsonl, a line a clip, written as clips are done: an interrupted preparation continues.
It belongs to this checkout, not to the data's version; without it a batch is prepared anew, to the same bytes. The code
that decides a clip's bytes and facts is part of the digest, so nobody has to remember to raise a version.
"""

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
from foundation.run_folder import write_whole

MEMORY = Path("datasets/.memory/prepared")
CODE = "data.preparation.prepare_clip"  # with all that it may run: what decides a clip's bytes and facts
KEY = 64  # letters of a line's key


class Done(NamedTuple):
    """One clip, prepared."""

    record: ClipRecord
    facts: ClipFacts
    files: dict[str, str]  # relative to the prepared folder -> sha256


DONE = TypeAdapter(Done)


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
        done = _parsed(self._known.get(self._key(job), ""))
        intact = done is not None and all(self._there.get(name) == digest for name, digest in done.files.items())
        return done if intact else None

    def keep(self, job: ClipJob, done: Done) -> None:
        """Remember one clip at once, so that it need not be prepared again if the next one fails."""
        key, line = self._key(job), DONE.dump_json(done).decode()
        self._known[key] = line
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a") as file:
            file.write(f"{key} {line}\n")

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
    kept = {key: line for key, line in known.items() if (done := _parsed(line)) and done.record.clip_id not in clips}
    if len(kept) < len(known):
        _write(_file(batch), kept)


def _file(batch: str) -> Path:
    return MEMORY / f"{batch}.jsonl"


def _read(file: Path) -> dict[str, str]:
    """{key: what is remembered under it}"""
    lines = file.read_text().splitlines() if file.exists() else []
    return {line[:KEY]: line[KEY + 1 :] for line in lines}


def _write(file: Path, known: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, "".join(f"{key} {line}\n" for key, line in known.items()))


def _parsed(line: str) -> Done | None:
    """None: the line was cut short, or is of another version of these classes."""
    try:
        return DONE.validate_json(line)
    except ValidationError:
        return None
