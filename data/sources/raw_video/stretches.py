"""Where clips can be cut from one file: on a steady grid inside each shot, where picture and sound are worth it.

A clip takes `frames` frames and the `motion_frames` before it, all in one shot; the next clip follows at once, so
motion frames are clips before. What only annotators can tell (who is seen, with what) is judged later, on the cut clip.
"""

from dataclasses import dataclass
from math import ceil

from data.sources.raw_video import FootageRules
from data.sources.raw_video.rejected import Rejection
from data.sources.raw_video.speech import speech_share
from data.sources.raw_video.survey import Survey, movement_between, sharpness_between, shots
from foundation.clip_format import ClipFormat


@dataclass(frozen=True)
class Stretch:
    """One clip to be cut: its first frame, counted at the clip format's rate from the start of the file."""

    video: str  # relative to the footage folder
    first_frame: int
    frames: int
    frames_per_second: int
    measured: dict[str, float]  # what made it worth cutting, by rule

    @property
    def from_seconds(self) -> float:
        return self.first_frame / self.frames_per_second

    @property
    def to_seconds(self) -> float:
        return (self.first_frame + self.frames) / self.frames_per_second

    def rejection(
        self,
        reason: str,
        value: float | str,
        threshold: float | None = None,
        evidence: dict[str, float] | None = None,
    ) -> Rejection:
        """This stretch as a line of rejected.jsonl."""
        return Rejection(
            video=self.video,
            from_seconds=self.from_seconds,
            to_seconds=self.to_seconds,
            reason=reason,
            value=value,
            threshold=threshold,
            evidence=evidence,
        )


def stretches(
    video: str, survey: Survey, clip: ClipFormat, rules: FootageRules
) -> tuple[list[Stretch], list[Rejection]]:
    """The stretches worth cutting, and those that are not; short rests of a shot are among them."""
    kept: list[Stretch] = []
    rejected: list[Rejection] = []
    rate = clip.frames_per_second
    for begins, ends in shots(survey, rules):
        at, end = _frame_after(begins, rate) + clip.motion_frames, _frame_after(ends, rate)
        whole = 0
        while at + clip.frames <= end:
            stretch = _measured(video, at, survey, clip)
            fault = _fault(stretch, rules)
            kept += [] if fault else [stretch]
            rejected += [stretch.rejection(*fault)] if fault else []
            at, whole = at + clip.frames, whole + 1
        rest = end - at + (0 if whole else clip.motion_frames)
        if rest > 0:
            needed = clip.frames + (0 if whole else clip.motion_frames)
            short = Stretch(video, end - rest, rest, rate, {})
            rejected.append(short.rejection("too_short", round(rest / rate, 3), round(needed / rate, 3)))
    return kept, rejected


def _measured(video: str, at: int, survey: Survey, clip: ClipFormat) -> Stretch:
    rate = clip.frames_per_second
    span = (at / rate, (at + clip.frames) / rate)
    measured = {
        "sharpness": sharpness_between(survey, *span),
        "movement": movement_between(survey, *span),
        "speech_share": speech_share(survey.speech_M, *span),
    }
    return Stretch(video, at, clip.frames, rate, measured)


def _fault(stretch: Stretch, rules: FootageRules) -> tuple[str, float, float] | None:
    """The first rule that the stretch breaks."""
    for rule, reason in (("sharpness", "blurred"), ("movement", "static"), ("speech_share", "no_speech")):
        value, threshold = round(stretch.measured[rule], 4), getattr(rules, rule)
        if value < threshold:
            return reason, value, threshold
    return None


def _frame_after(seconds: float, rate: int) -> int:
    """The first frame whose middle lies at or after a moment: what is then on screen belongs to what begins there."""
    return max(0, ceil(seconds * rate - 0.5 - 1e-3))
