"""Make a blind study: a folder with videos under drawn names, its questions' plan, and the key that stays at home."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from evaluation.study.blind_videos import VideoJob, names, write_blind, write_reference
from evaluation.study.contracts import Damaged, Key, Mode, Study, StudyClip, write_study
from evaluation.study.plan import most_questions
from evaluation.study.sources import Source
from foundation.names import check_name

QUESTIONS = 10  # a rater, as in the paper
CHECKS_A_QUESTION = 0.15


@dataclass(frozen=True)
class Asked:
    """What a person asks for: the study's name, how it asks, how many questions a rater gets, and its seed."""

    name: str
    mode: Mode
    questions: int | None
    seed: int


def create_study(folder: Path, sources: Sequence[Source], asked: Asked, log: Callable[[str], None] = print) -> Study:
    """Write the study's folder.

    Args:
        folder: must not exist.
        sources: clips with the video of every method.
        asked: what it is to be.
        log: takes progress lines.

    Raises:
        ValueError: the folder exists, more questions than there are, or a file that cannot be read.
    """
    check_name(asked.name)
    if folder.exists():
        raise ValueError(f"{folder} exists: give another name, another --out, or remove it (answers in it are lost)")
    methods = list(sources[0].videos)
    questions = _questions(asked, len(methods), len(sources))
    folder.mkdir(parents=True)
    try:
        study = _write(folder, sources, asked, questions, log)
    except BaseException:
        shutil.rmtree(folder)  # half a study would be taken for one
        raise
    return study


def _questions(asked: Asked, methods: int, clips: int) -> int:
    most = most_questions(asked.mode, methods, clips)
    if asked.questions is not None and not 1 <= asked.questions <= most:
        what = "clips x pairs of methods" if asked.mode == "pairs" else "clips"
        raise ValueError(f"--clips {asked.questions}: there are {most} ({what}): give 1 to {most}, or more videos")
    return asked.questions or min(QUESTIONS, most)


def _write(folder: Path, sources: Sequence[Source], asked: Asked, questions: int, log: Callable[[str], None]) -> Study:
    random = Random(f"{asked.seed} {asked.name} names")
    name = names(random)
    methods = random.sample(list(sources[0].videos), len(sources[0].videos))
    jobs: list[VideoJob] = []

    def video(source: Source, method: str, is_damaged: bool = False) -> str:
        file = f"videos/{next(name)}.mp4"
        jobs.append(VideoJob(source, method, folder / file, is_damaged))
        return file

    def picture(path: str | None) -> str | None:
        if path is None:
            return None
        file = f"pictures/{next(name)}.png"
        (folder / file).parent.mkdir(exist_ok=True)
        write_reference(Path(path), folder / file)
        return file

    clips = tuple(
        StudyClip(
            clip_id=source.clip.clip_id,
            prompt=source.clip.prompt,
            person=picture(source.clip.person),
            product=picture(source.clip.product),
            frames_per_second=source.frames_per_second,
            videos=tuple(video(source, method) for method in methods),
        )
        for source in sources
    )
    checks = random.sample(range(len(sources)), min(len(sources), max(1, round(CHECKS_A_QUESTION * questions))))
    damaged = [Damaged(clip=clip, slot=random.randrange(len(methods)), video="") for clip in checks]
    damaged = [one.model_copy(update={"video": video(sources[one.clip], methods[one.slot], True)}) for one in damaged]
    for done, job in enumerate(sorted(jobs, key=lambda job: job.file), 1):
        write_blind(job)
        log(f"progress {done}/{len(jobs)} videos written")
    study = Study(
        name=asked.name, mode=asked.mode, seed=asked.seed, questions=questions, clips=clips, damaged=tuple(damaged)
    )
    write_study(folder, study, Key(study_digest=study.digest, methods=tuple(methods)))
    return study
