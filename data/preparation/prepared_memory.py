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

from pydantic import BaseModel, ValidationError

from data.clips.manifest import MEDIA_FIELDS
from data.contracts import ClipRecord
from data.preparation.prepare_clip import ClipJob, prepare_clip
from data.validation.clip_facts import ClipFacts
from foundation.digests import code_digest, file_digests
from foundation.run_folder import write_whole

MEMORY = Path("datasets/.memory/prepared")
CODE = (
    "data.validation.clip_facts",
    "data.validation.clip_fingerprint",
    "foundation.geometry",
    "data.validation.clip_timing",
    "data.preparation.prepare_clip",
    "data.clips.region_boxes",
    "data.clips.structure_video",
    "foundation.video_io",
)


class Done(NamedTuple):
    """One clip, prepared."""

    record: ClipRecord
    facts: ClipFacts
    files: dict[str, str]  # relative to the prepared folder -> sha256


class _Line(BaseModel, frozen=True, extra="forbid"):
    record: ClipRecord
    facts: ClipFacts
    files: dict[str, str]


def prepare_and_hash(job: ClipJob) -> Done:
    """Prepare one clip and say what its files are.

    Raises:
        ClipError: the clip cannot be used at all.
    """
    record, facts = prepare_clip(job)
    files = sorted(file for file in job.folder.iterdir() if file.is_file())
    return Done(record, facts, {f"{job.relative_folder}/{file.name}": _sha256(file) for file in files})


class PreparedMemory:
    """What this checkout knows of the prepared clips of one batch."""

    def __init__(self, raw: Path, prepared: Path) -> None:
        self._file = MEMORY / f"{prepared.name}.jsonl"
        self._code = code_digest(CODE)
        self._raw = file_digests(raw)
        self._there = file_digests(prepared) if any(prepared.glob("clips/*/*")) else {}
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        self._known = {line[:64]: line[65:] for line in lines}

    def recall(self, job: ClipJob) -> Done | None:
        """The clip as it was prepared, where nothing that decides it changed and its files are what they were."""
        kept = self._known.get(self._key(job))
        if kept is None:
            return None
        try:
            line = _Line.model_validate_json(kept)
        except ValidationError:  # the line was cut short, or is of another version of these classes
            return None
        intact = all(self._there.get(name) == digest for name, digest in line.files.items())
        return Done(line.record, line.facts, line.files) if intact else None

    def keep(self, job: ClipJob, done: Done) -> None:
        """Remember one clip at once, so that it need not be prepared again if the next one fails."""
        kept = _Line(record=done.record, facts=done.facts, files=done.files).model_dump_json()
        key = self._key(job)
        self._known[key] = kept
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a") as file:
            file.write(f"{key} {kept}\n")

    def forget_others(self, jobs: list[ClipJob]) -> None:
        """Keep the lines of these clips only: the batch is complete."""
        keys = [self._key(job) for job in jobs]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._file, "".join(f"{key} {self._known[key]}\n" for key in keys if key in self._known))

    def _key(self, job: ClipJob) -> str:
        named = [getattr(job.record, field) for field in MEDIA_FIELDS]
        media = [self._raw.get(normpath(name)) if name else "" for name in named]
        decided_by = (self._code, job.record.model_dump_json(), job.clip.model_dump_json(), job.accepted_rates, media)
        return sha256(repr(decided_by).encode()).hexdigest()


def _sha256(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
