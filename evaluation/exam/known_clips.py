"""All that is known of the clips of an exam: the truth, what the network answers, what sees them, what the codec can.

Worked out clip by clip in several processes. A job names the run folder and the clip: each process opens it once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Protocol

from evaluation.contracts import EvaluationConfig, GeneratedSamples
from evaluation.exam.ask_network import ask_network
from evaluation.exam.dual_stream import dual_stream_of
from evaluation.exam.fit_hand_locator import through_codec
from evaluation.exam.fit_recognisers import exact_of
from evaluation.exam.hand_locator import HandsInFile
from evaluation.exam.held_out import EvaluationClip, read_clips
from evaluation.exam.own_encoders import encode_for
from evaluation.measuring.clip import Frames, LocateHands, MeasuredClip
from evaluation.measuring.network_answer import NetworkAnswer
from evaluation.measuring.seen import Exact, Seen
from evaluation.recognisers.one_thread import one_thread
from evaluation.recognisers.receipt import FittedRecognisers
from evaluation.recognisers.recognisers import RecognisersInFile, fitted
from foundation.failures import ClipError
from foundation.map_items import Spread, map_items
from foundation.run_folder import RunFolder
from model.artifact.rgb_artifact import LoadedArtifact, load_artifact
from model.contracts import RgbArtifact, TrainingSet
from model.network.dual_stream_transformer import DualStreamTransformer


class Looks(Protocol):
    """Recognisers, or a file of them."""

    def look(self, frames_THW3: Frames, person_HW3: Frames, face: tuple[int, int, int, int]) -> Seen:
        """What is seen in a video of this person, whose face is there."""
        ...


OfStudio = tuple[Looks | None, Exact | None]
"""Recognisers, and what is known of a clip; None where the clips are not the studio's."""


@dataclass(frozen=True)
class Opened:
    """An evaluation's run folder, loaded."""

    config: EvaluationConfig
    seed: int
    artifact: LoadedArtifact
    network: DualStreamTransformer  # with its HOI stream where stage two's weights are at hand
    clips: list[EvaluationClip]
    recognisers: RecognisersInFile | None
    locator: HandsInFile | None


@dataclass(frozen=True)
class KnownClip:
    """A clip as metrics see it, and the true clip as it comes out of the latent codec."""

    measured: MeasuredClip
    ceiling: Frames


@dataclass(frozen=True)
class _Job:
    run: Path
    clip: int


@cache
def opened(run: Path) -> Opened:
    """The run folder's artifact, clips and tools.

    Raises:
        ValueError: the artifact or its weights changed, or there are fewer clips than the exam needs.
    """
    folder = RunFolder(run)
    artifact, training_set = folder.input("artifact", RgbArtifact), folder.input("training_set", TrainingSet)
    exam, tools = folder.input("samples", GeneratedSamples).exam, folder.input("recognisers", FittedRecognisers)
    loaded = load_artifact(Path(artifact.folder))
    return Opened(
        config=folder.section("evaluation", EvaluationConfig),
        seed=exam.seed,
        artifact=loaded,
        network=dual_stream_of(artifact) or loaded.network,
        clips=encode_for(loaded, read_clips(training_set.held_out, exam), training_set.held_out),
        recognisers=fitted(tools),
        locator=HandsInFile(tools.hand_locator) if tools.hand_locator else None,
    )


def known_clips(run: Path) -> Iterator[KnownClip]:
    """Every clip of the run folder's exam, in order, as many at once as its configuration says."""
    here = opened(run)  # before the processes start: they then have it at once
    jobs = [_Job(run, clip) for clip in range(len(here.clips))]
    for known in map_items(_known, jobs, Spread(processes=here.config.processes)):
        if isinstance(known, ClipError):
            raise known
        yield known


def measured_clip(
    clip: EvaluationClip, locator: LocateHands | None, answer: NetworkAnswer | None, of_studio: OfStudio
) -> MeasuredClip:
    """All that the metrics can know of a held-out clip."""
    recognisers, exact = of_studio
    person_HW3 = clip.person()
    return MeasuredClip(
        clip_id=clip.clip_id,
        frames_per_second=clip.record.frames_per_second,
        product_id=clip.record.product_id,
        person_id=clip.record.person_id,
        truth=clip.frames(),
        boxes=clip.record.boxes,
        sound=clip.sound(),
        person=person_HW3,
        product=clip.product(),
        hand_locator=locator,
        network=answer,
        exact=exact,
        recognise=partial(recognisers.look, person_HW3=person_HW3, face=exact.face) if recognisers and exact else None,
    )


def _known(job: _Job) -> KnownClip:
    here = opened(job.run)
    clip = here.clips[job.clip]
    with one_thread():
        precision = here.artifact.sampling.precision
        answer = ask_network(here.network, clip, here.config.noise_levels, here.seed, precision=precision)
        exact = exact_of(clip, here.artifact.clip.motion_frames)
        measured = measured_clip(clip, here.locator, answer, (here.recognisers, exact))
        return KnownClip(measured, through_codec(clip, here.artifact.codec).numpy())
