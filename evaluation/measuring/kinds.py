"""What a metric is: `evaluation/metrics/<name>.py` holds METRICS, name -> ClipMetric, DerivedMetric or VideoMetric.

A metric is one row of the report. Its *roles* say what it is measured on: the model's clips, the same with conditions
shuffled between clips, a baseline that any model must beat, a ceiling that none can pass, or the truth. The model's own
number bears the metric's name, the others a suffix (`psnr_db_baseline`).

A metric also says where it may be believed: on which kinds of video it was shown to carry signal, and which planted
damage it was shown to notice there. Outside of that it is not measured, or its number says so.

The module imports what is heavy (torch, SciPy, scikit-image) inside its functions: the promotion gate looks up names,
directions and units without.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from evaluation.contracts import Direction, VideoKind
from evaluation.measuring.clip import Frames, MeasuredClip, Need

Role = Literal[
    "model",
    "prompt_shuffled",
    "audio_shuffled",
    "person_shuffled",
    "product_shuffled",
    "baseline",
    "ceiling",
    "truth",
]
THE_SAME: dict[Role, str] = {
    "prompt_shuffled": "the same, generated with another clip's prompt",
    "audio_shuffled": "the same, generated with another clip's audio",
    "person_shuffled": "the same, generated with another clip's person",
    "product_shuffled": "the same, generated with another clip's product",
    "baseline": "the same, on the person reference repeated",
    "ceiling": "the same, on the true clip after the latent codec",
    "truth": "the same, on the true clip",
}
Measure = Callable[[MeasuredClip, Frames], float | Sequence[float]]
"""One clip, frames uint8 [T,H,W,3] of one role -> its value, or one a frame [T]; NaN: it has none."""

Damage = Literal[
    "blurred", "noisy", "warped_hands", "flicker", "swapped_product", "swapped_face", "shifted_audio"
]  # fmt: skip
VideoNeed = Literal["person", "product", "sound", "prompt"]
VIDEO_NEEDS: dict[VideoNeed, str] = {
    "person": "a person reference",
    "product": "a product reference",
    "sound": "sound",
    "prompt": "a prompt",
}


def roles(model: str, *others: Role, **own: str) -> dict[Role, str]:
    """What a metric is measured on, a sentence each: the model's, others in standard words, others in their own."""
    return {"model": model, **{role: THE_SAME[role] for role in others}, **cast(dict[Role, str], own)}


@dataclass(frozen=True, kw_only=True)
class Family:
    """What people and the gate must know of a metric. A raised `version` makes another exam."""

    title: str  # what people read wherever it is named: a few words that its number can follow
    unit: str
    direction: Direction
    version: int
    roles: Mapping[Role, str]  # role -> one sentence for people; `model` is always there
    proxy: bool = False  # it stands in for a published metric, whose weights it does without
    licence: str = ""  # of the weights that measure, as SPDX names it; "": there are none
    weights_sha256: str = (
        ""  # of weights from a package (of several, over theirs); a user's own are hashed in the result
    )
    valid_on: tuple[VideoKind, ...] = ("studio",)  # where it was shown to carry signal
    notices: tuple[Damage, ...] = ()  # planted damage that moved it the right way there: benchmarks.video_proxies
    headline: bool = False  # it has a card at the head of the report, and stands first with each clip


@dataclass(frozen=True, kw_only=True)
class ClipMetric(Family):
    """Measured on every clip that has what it needs, in every role; the value is the mean over the clips."""

    needs: tuple[Need, ...] = ()
    fewest_clips: int = 1
    measure: Measure | None = None
    prepare: Callable[[Sequence[MeasuredClip]], Measure] | None = None  # instead, where clips are held against others
    # what guessing reaches, where the baseline is not the person reference repeated: one clip, all clips -> value
    guess: Callable[[MeasuredClip, Sequence[MeasuredClip]], float] | None = None
    guess_note: str = ""

    def measure_among(self, clips: Sequence[MeasuredClip]) -> Measure:
        """How one of these clips is measured."""
        measure = self.prepare(clips) if self.prepare else self.measure
        assert measure is not None, "a metric has either measure or prepare"
        return measure


@dataclass(frozen=True, kw_only=True)
class VideoMetric(Family):
    """Measured on video files as they are, by a backend in a child process of its own (evaluation.backends).

    The value of a clip is the backend's own, else the mean over the frames that have one; over clips, the mean.
    """

    backend: str  # a module of evaluation.backends
    series: str  # what of the backend's answer it is
    needs: tuple[VideoNeed, ...] = ()
    paper: str = ""  # the column of the paper's Table 1 that it is, or stands in for


@dataclass(frozen=True, kw_only=True)
class DerivedMetric(Family):
    """One number from the values of another metric's roles, NaN where a role has none."""

    source: str
    derive: Callable[[Mapping[Role, float]], float]
