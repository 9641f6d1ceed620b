"""Measure videos with backends: the parent's side, without any backend's package.

Each backend runs as child processes under the Python of its own environment, several at a time. What was measured is
remembered by content: of the videos and their references, of the backend's code, packages and weights. So unchanged
videos cost no child at all, and a crash costs the clip at work alone.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Outcome
from evaluation.backends.run_backend import BACKENDS, Job
from evaluation.backends.video import VideoClip
from foundation.by_name import declared
from foundation.child_process import OnLine, follow
from foundation.code_digest import sources_digest
from foundation.digests import digests_of, file_digests, file_sha256
from foundation.fingerprint import fingerprint
from foundation.home import ROOT
from foundation.progress import parse_progress
from foundation.state_file import read_state
from foundation.whole_file import write_whole

REMEMBERED = ROOT / "runs/scores/outcomes"
RUNNER = "evaluation.backends.run_backend"
OWN = ".venv"
LOCKS = {OWN: ("requirements.txt", "requirements-extras.txt"), ".venv-annotators": ("requirements-annotators.txt",)}
SET_UP = {".venv-annotators": "run `make setup-annotators`"}

Outcomes = dict[str, Outcome]
"""Clip id -> outcome."""


@dataclass(frozen=True)
class _Work:
    backend: str
    clips: Sequence[VideoClip]
    files: Mapping[str, Path]  # clip id -> file of its outcome


def settings_missing(backend: str, config: ScoringConfig) -> str:
    """Why a backend cannot run: what conf/scoring does not say, or an environment that is not set up; "": it can.

    Raises:
        ValueError: the configuration names a file that is not there.
    """
    missing = [config.missing(setting) for setting in declared(BACKENDS, backend, "SETTINGS") if setting]
    if any(missing):
        return "; ".join(filter(None, missing))
    environment = declared(BACKENDS, backend, "ENVIRONMENT")
    if not _python(environment).is_file():
        return f"the environment {environment} is missing: {SET_UP[environment]}"
    return ""


def measure_videos(
    clips: Sequence[VideoClip],
    backends: Sequence[str],
    config: ScoringConfig,
    on_line: OnLine = print,
    remembered: Path = REMEMBERED,
) -> dict[str, Outcomes]:
    """Backend -> clip -> outcome, `config.processes` children at a time. Only what is not remembered is measured.

    Args:
        clips: with absolute paths of files that are there.
        backends: those that `settings_missing` has nothing against.
        config: conf/scoring.
        on_line: takes the progress lines.
        remembered: folder of the outcomes.
    """
    remembered.mkdir(parents=True, exist_ok=True)
    contents = _contents(clips)
    seen = {backend: [_seen_by(backend, clip) for clip in clips] for backend in backends}
    names = {backend: _names(backend, seen[backend], contents, config, remembered) for backend in backends}
    waiting = [
        _Work(backend, part, names[backend])
        for backend in backends
        for part in _parts(_once(seen[backend], names[backend]), config.processes)
    ]
    with ThreadPoolExecutor(config.processes) as pool:
        for _ in pool.map(lambda work: _run(work, config, on_line), waiting):
            pass
    return {backend: {clip: _outcome(file) for clip, file in files.items()} for backend, files in names.items()}


def _outcome(file: Path) -> Outcome:
    outcome = read_state(file, Outcome, "score again")
    if not outcome.lasting:
        file.unlink()
    return outcome


def _seen_by(backend: str, clip: VideoClip) -> VideoClip:
    """The clip without what the backend does not look at: it does not decide its answer."""
    inputs = ("clip_id", *declared(BACKENDS, backend, "INPUTS"))
    return VideoClip.model_validate(clip.model_dump(include=set(inputs)))


def _once(clips: Sequence[VideoClip], files: Mapping[str, Path]) -> list[VideoClip]:
    """The clips that are not remembered, each content once."""
    by_file = {files[clip.clip_id]: clip for clip in reversed(clips) if not files[clip.clip_id].is_file()}
    return [clip for clip in clips if clip in by_file.values()]


def _parts(clips: Sequence[VideoClip], processes: int) -> Iterable[Sequence[VideoClip]]:
    """The clips in as many parts as there are processes, none empty."""
    return [part for start in range(processes) if (part := clips[start::processes])]


def _contents(clips: Sequence[VideoClip]) -> dict[str, str]:
    """File -> sha256, of every file of the clips."""
    files = {Path(file) for clip in clips for file in clip.files().values()}
    folders = {file.parent for file in files}
    return {
        str(folder / name): digest
        for folder in folders
        for name, digest in digests_of(folder, sorted(file.name for file in files if file.parent == folder)).items()
    }


def _names(
    backend: str, clips: Sequence[VideoClip], contents: Mapping[str, str], config: ScoringConfig, remembered: Path
) -> dict[str, Path]:
    """Clip id -> file of its outcome, named by all that decides it."""
    settings = {name: _setting(config, name) for name in declared(BACKENDS, backend, "SETTINGS") if name}
    locks = [file_sha256(ROOT / lock) for lock in LOCKS[declared(BACKENDS, backend, "ENVIRONMENT")]]
    tool = [backend, sources_digest(f"{BACKENDS}.{backend}"), settings, locks, config.device]
    return {
        clip.clip_id: remembered / f"{fingerprint([*tool, clip.prompt, _content(clip, contents)])}.json"
        for clip in clips
    }


def _content(clip: VideoClip, contents: Mapping[str, str]) -> dict[str, str]:
    return {field: contents[file] for field, file in clip.files().items()}


def _setting(config: ScoringConfig, setting: str) -> object:
    """A setting's value; of weights, their content."""
    group, _, field = setting.partition(".")
    if group != "weights":
        return getattr(config, group).model_dump(exclude={"timeout_seconds"})
    path = Path(getattr(config.weights, field))
    return file_digests(path) if path.is_dir() else digests_of(path.resolve().parent, [path.name])


def _python(environment: str) -> Path:
    return Path(sys.executable) if environment == OWN else ROOT / environment / "bin/python"


def _run(work: _Work, config: ScoringConfig, on_line: OnLine) -> None:
    """One child after the other until every clip has an outcome: a child that breaks down costs the clip at work."""
    waiting, python = list(work.clips), _python(declared(BACKENDS, work.backend, "ENVIRONMENT"))
    while waiting:
        begun: list[str] = []

        def progress(line: str, begun: list[str] = begun) -> None:
            if parse_progress(line):
                begun.append(line)
                on_line(line)

        with TemporaryDirectory() as folder:
            job = Path(folder) / "job.json"
            outcomes = [str(work.files[clip.clip_id]) for clip in waiting]
            write_whole(job, Job(config=config, clips=waiting, outcomes=outcomes).model_dump_json())
            arguments = ["-m", RUNNER, work.backend, str(job)]
            threads = max(1, (os.cpu_count() or 1) // config.processes)  # else the children fight for the cores
            environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(threads)}
            code, last = follow(arguments, progress, environment, python, ROOT)
        waiting = [clip for clip in waiting if not work.files[clip.clip_id].is_file()]
        culprits = waiting[:1] if begun else waiting
        fault = f"{work.backend} ended with exit code {code}: {last.removeprefix('ValueError: ')}"
        for clip in culprits:
            write_whole(work.files[clip.clip_id], Outcome(fault=fault, lasting=False).model_dump_json())
        waiting = waiting[len(culprits) :]
