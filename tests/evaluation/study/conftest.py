"""Methods whose videos are a few frames small, and the study's real server on a port of its own."""

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

from evaluation.study.contracts import Mode, Study
from evaluation.study.create import Asked, create_study
from evaluation.study.serve import bound_socket, study_server
from evaluation.study.sources import read_sources
from foundation.video_writing import write_video

MakeMethods = Callable[..., dict[str, Path]]
MakeStudy = Callable[..., Path]
Reply = tuple[int, dict[str, Any]]


def film(file: Path, shade: int, frames: int = 4, size: tuple[int, int] = (32, 24), rate: float = 25.0) -> None:
    """A grey video with a bright square that moves."""
    picture = np.full((frames, *size, 3), shade, np.uint8)
    for at in range(frames):
        picture[at, 8:16, at : at + 8] = 255
    write_video(file, picture, rate)


@pytest.fixture
def make_methods(tmp_path: Path) -> MakeMethods:
    def make(*names: str, clips: int = 3) -> dict[str, Path]:
        for shade, name in enumerate(names):
            for clip in range(clips):
                film(tmp_path / name / f"clip_{clip}.mp4", 60 + 30 * shade + clip)
        return {name: tmp_path / name for name in names}

    return make


@pytest.fixture
def make_study(tmp_path: Path, make_methods: MakeMethods) -> MakeStudy:
    def make(*names: str, clips: int = 3, mode: Mode = "pairs", questions: int | None = None, seed: int = 0) -> Path:
        folder = tmp_path / "study"
        sources = read_sources(make_methods(*names, clips=clips), None)
        create_study(folder, sources, Asked("test", mode, questions, seed), log=lambda line: None)
        return folder

    return make


def plain_study(methods: int, clips: int, mode: Mode = "pairs", questions: int = 10, damaged: int = 1) -> Study:
    """A study without files."""
    return Study.model_validate(
        {
            "name": "plain",
            "mode": mode,
            "seed": 3,
            "questions": questions,
            "clips": [
                {
                    "clip_id": f"c{clip}",
                    "prompt": "",
                    "person": None,
                    "product": None,
                    "frames_per_second": 25.0,
                    "videos": [f"{clip}_{slot}" for slot in range(methods)],
                }
                for clip in range(clips)
            ],
            "damaged": [{"clip": clip, "slot": 0, "video": f"{clip}_bad"} for clip in range(damaged)],
        }
    )


@contextmanager
def served(folder: Path) -> Generator[str]:
    """The real server, on loopback; gives its address."""
    listener = bound_socket(0)
    port = listener.getsockname()[1]
    server = study_server(folder, port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def post(address: str, body: bytes, **headers: str) -> Reply:
    """Status and JSON of the answer."""
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = Request(address, body, given, method="POST")
    try:
        with urlopen(request, timeout=30) as reply:
            return reply.status, json.load(reply)
    except HTTPError as error:
        text = error.read().decode()
        return error.code, json.loads(text) if text.startswith("{") else {"fault": text}
