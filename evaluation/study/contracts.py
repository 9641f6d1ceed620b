"""What a perceptual study consists of, and its two files.

`study.json` is all that the server needs; it calls methods by *slots*, whose order is drawn. `key.json` says which slot
is which method; only the report reads it. So whoever serves the page cannot tell a rater what is what.
"""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from foundation.digests import text_sha256
from foundation.names import Name
from foundation.whole_file import write_whole

Model = TypeVar("Model", bound=BaseModel)
Mode = Literal["pairs", "ranks"]
Kind = Literal["judged", "repeated", "check"]
DAMAGED = -1  # stands where a slot stands: the copy that was made worse on purpose
STUDY, KEY, ANSWERS = "study.json", "key.json", "answers.sqlite"

CRITERIA: dict[str, dict[Mode, str]] = {  # as in CoInteract, arXiv 2604.19636, sec. 4: name -> what a rater is asked
    "object consistency": {
        "pairs": "In which video does the product keep its look and shape better, as in its picture?",
        "ranks": "Where does the product keep its look and shape best, as in its picture?",
    },
    "human and background consistency": {
        "pairs": "In which video do the person and the background stay better as they are?",
        "ranks": "Where do the person and the background stay best as they are?",
    },
    "interaction plausibility": {
        "pairs": "In which video do hands and product touch and move more as in real life?",
        "ranks": "Where do hands and product touch and move most as in real life?",
    },
}


class StudyClip(BaseModel, frozen=True, extra="forbid"):
    """One case: what every method was given, and what each made of it. Files are names in the study's folder."""

    clip_id: str
    prompt: str
    person: str | None
    product: str | None
    frames_per_second: float
    videos: tuple[str, ...]  # one a slot


class Damaged(BaseModel, frozen=True, extra="forbid"):
    """A video that everybody who looks sees to be worse than the one it was made from."""

    clip: int
    slot: int
    video: str


class Study(BaseModel, frozen=True, extra="forbid"):
    """All that decides which questions a rater is asked."""

    name: Name
    mode: Mode
    seed: int
    questions: int  # judged by one rater, repeated ones and checks not counted
    clips: tuple[StudyClip, ...]
    damaged: tuple[Damaged, ...]

    @property
    def methods(self) -> int:
        return len(self.clips[0].videos)

    @property
    def digest(self) -> str:
        return text_sha256(self.model_dump_json())


class Key(BaseModel, frozen=True, extra="forbid"):
    """Which method a slot is."""

    study_digest: str
    methods: tuple[str, ...]


class Question(BaseModel, frozen=True, extra="forbid"):
    """What one rater sees at once: videos of one clip, from left to right."""

    number: int
    kind: Kind
    clip: int
    slots: tuple[int, ...]  # DAMAGED for the damaged copy
    repeats: int | None = None  # number of the question that is asked again


class Answer(BaseModel, frozen=True, extra="forbid"):
    """One criterion of one question; ranks from 1 (best), in the order in which the videos were shown."""

    rater: str
    question: int
    criterion: str
    ranks: tuple[int, ...]
    seconds: float


def write_study(folder: Path, study: Study, key: Key) -> None:
    """Both files; the study's last, since a folder without it is no study."""
    write_whole(folder / KEY, key.model_dump_json(indent=1))
    write_whole(folder / STUDY, study.model_dump_json(indent=1))


def read_study(folder: Path) -> Study:
    """The study of a folder.

    Raises:
        ValueError: there is none, or it was edited into something else.
    """
    return _read(folder / STUDY, Study)


def read_key(folder: Path, study: Study) -> Key:
    """Which method is which.

    Raises:
        ValueError: the file is missing, or belongs to another study.
    """
    key = _read(folder / KEY, Key)
    if key.study_digest != study.digest or len(key.methods) != study.methods:
        raise ValueError(f"{folder / KEY} belongs to another study: copy the one that `study create` wrote")
    return key


def _read(file: Path, model: type[Model]) -> Model:
    if not file.is_file():
        raise ValueError(f"{file} is not there: make the study with `graspline study create`, or name another folder")
    try:
        return model.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise ValueError(f"{file} is damaged ({error.error_count()} faults): create the study again") from error
