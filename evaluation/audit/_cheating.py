"""Cheats: functions of a clip's conditions to frames, without a model of a person who handles a product.

Each is given what a model is given (prompt, sound, person and product picture, of clips that may be exchanged), and
what anyone has who holds the training set: clips with their prompts, and what they show.

Shape legend: T frames, H W pixels.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evaluation.audit._damages import cropped_product, pasted
from evaluation.measuring.clip import Frames, MeasuredClip, given
from evaluation.measuring.seen import HAND, PRODUCT, Exact

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """One training clip."""

    prompt: str
    frames_THW3: Frames
    person_HW3: Frames
    exact: Exact


@dataclass(frozen=True)
class Asked:
    """What a generator is asked for: each condition from the clip that it is named after."""

    prompt: str
    sound: MeasuredClip
    person: MeasuredClip
    product: MeasuredClip

    @property
    def person_HW3(self) -> Frames:  # noqa: N802 - HW3 is its shape
        return given(self.person.person)

    @property
    def product_hw3(self) -> Frames:
        return cropped_product(given(self.product.product))


Cheat = Callable[["Library", Asked], Frames]


@dataclass(frozen=True)
class Library:
    """The training clips, by what their prompts ask for; `frames` is how many a clip has."""

    clips: Sequence[Trained]
    frames: int
    memory: dict[str, Frames] = field(default_factory=dict)

    def alike(self, prompt: str) -> list[Trained]:
        """Those whose prompt asks for the same hand and action."""
        return self.by_action.get(action_of(prompt), list(self.clips))

    @cached_property
    def by_action(self) -> dict[str, list[Trained]]:
        groups: dict[str, list[Trained]] = defaultdict(list)
        for clip in self.clips:
            groups[action_of(clip.prompt)].append(clip)
        return groups

    def mean(self, prompt: str | None) -> Frames:
        """The mean of all clips, or of those that are alike."""
        key = "" if prompt is None else action_of(prompt)
        if key not in self.memory:
            clips = self.clips if prompt is None else self.alike(prompt)
            self.memory[key] = np.mean([clip.frames_THW3 for clip in clips], axis=0).round().astype(np.uint8)
        return self.memory[key]

    def share(self, prompt: str, kind: int) -> Real:
        """Of the clips alike, the share that shows this kind at each pixel [T,H,W]."""
        return np.mean([clip.exact.kinds_THW == kind for clip in self.alike(prompt)], axis=0)


def action_of(prompt: str) -> str:
    """The end of a studio prompt: which hand, and what it does."""
    return prompt.rpartition(" in the ")[2]


def static_person(library: Library, asked: Asked) -> Frames:
    return np.repeat(asked.person_HW3[None], library.frames, axis=0)


def reference_of_product(library: Library, asked: Asked) -> Frames:
    return _after(asked, np.repeat(given(asked.product.product)[None], library.frames, axis=0))


def mean_of_training(library: Library, asked: Asked) -> Frames:
    return _after(asked, library.mean(None))


def mean_of_action(library: Library, asked: Asked) -> Frames:
    return _after(asked, library.mean(asked.prompt))


def pasted_product(library: Library, asked: Asked) -> Frames:
    """The person stands still; the product's photo is pasted on where products of this action are."""
    return _with_product(library, asked, static_person(library, asked))


def lookup_and_ellipse(library: Library, asked: Asked) -> Frames:
    """The mean of the action with the product pasted on and a dark ellipse that opens with the loudness."""
    return _with_mouth(library, asked, _with_product(library, asked, mean_of_action(library, asked)))


def still_and_ellipse(library: Library, asked: Asked) -> Frames:
    return _with_mouth(library, asked, pasted_product(library, asked))


def blobs(library: Library, asked: Asked) -> Frames:
    """The person stands still; blobs of skin and product colour lie where the looked-up hands and product are."""
    out = static_person(library, asked)
    skin = np.median(_face(asked).reshape(-1, 3), axis=0)
    out[1:][library.share(asked.prompt, HAND)[1:] > 0.5] = skin
    colour = np.median(asked.product_hw3[(asked.product_hw3 < 245).any(axis=-1)].reshape(-1, 3), axis=0)
    out[1:][library.share(asked.prompt, PRODUCT)[1:] > 0.5] = colour
    return _with_mouth(library, asked, out)


def mean_arms_on_person(library: Library, asked: Asked) -> Frames:
    """The own person, and the mean of the action wherever most clips of it move; product and mouth on top."""
    mean, moves = mean_of_action(library, asked), _moves(library, asked)
    out = np.where((moves > 0.5)[..., None], mean, asked.person_HW3)
    return _with_mouth(library, asked, _with_product(library, asked, _after(asked, out)))


def nearest_clip(library: Library, asked: Asked) -> Frames:
    """A training clip of the action, of whatever person and product."""
    return _after(asked, _nearest(library, asked).frames_THW3)


def nearest_clip_own_face(library: Library, asked: Asked) -> Frames:
    """The same with the own person's head and mouth."""
    out = _after(asked, _nearest(library, asked).frames_THW3)
    x1, y1, x2, y2 = given(asked.person.exact).face
    out[1:, max(0, y1 - 6) : y2 + 2, max(0, x1 - 5) : x2 + 5] = asked.person_HW3[
        max(0, y1 - 6) : y2 + 2, max(0, x1 - 5) : x2 + 5
    ]
    return _with_mouth(library, asked, out)


def foreign_arms(library: Library, asked: Asked) -> Frames:
    """The own person, and whatever moves in a training clip of the action, in the other person's colours."""
    other = _nearest(library, asked)
    out = np.where(_changed(other)[..., None], other.frames_THW3, asked.person_HW3)
    return _with_mouth(library, asked, _after(asked, out))


def puppet(library: Library, asked: Asked) -> Frames:
    """The same with the own product's photo stretched over the other product's outline."""
    other, out = _nearest(library, asked), foreign_arms(library, asked)
    for frame, mask_HW in enumerate(other.exact.kinds_THW == PRODUCT):
        if frame and mask_HW.any():
            out[frame] = pasted(out[frame], asked.product_hw3, mask_HW)
    return out


def talking_puppet(library: Library, asked: Asked) -> Frames:
    """The puppet, whose mouth is cut from whichever training frame is as open as the loudness says."""
    out, (x1, y1, x2, y2) = puppet(library, asked), given(asked.person.exact).face
    donor = min(library.clips, key=lambda clip: float(np.abs(_lower_face(clip) - _lower_face_of(asked)).mean()))
    open_N = np.flatnonzero(donor.exact.covered_T <= 0.0)
    dx, dy = x1 - donor.exact.face[0], y1 - donor.exact.face[1]
    rows, columns = slice(y1 + round(0.55 * (y2 - y1)), y2 - 2), slice(x1 + 6, x2 - 6)
    before = _nearest(library, asked).exact.covered_T > 0.0
    for frame, loud in enumerate(_loudness(asked.sound, len(out))):
        if frame and len(open_N) and not before[frame]:
            wanted = (max(0.0, float(loud) - 0.06)) ** 0.8
            source = open_N[np.abs(donor.exact.mouth_T[open_N] - wanted).argmin()]
            shifted = np.roll(donor.frames_THW3[source], (dy, dx), axis=(0, 1))
            out[frame, rows, columns] = shifted[rows, columns]
    return out


def _lower_face(clip: Trained) -> Real:
    x1, y1, x2, y2 = clip.exact.face
    return np.median(clip.person_HW3[(y1 + y2) // 2 : y2 - 2, x1 + 4 : x2 - 4].reshape(-1, 3), axis=0)


def _lower_face_of(asked: Asked) -> Real:
    return np.median(_face(asked).reshape(-1, 3), axis=0)


def ghost(library: Library, asked: Asked) -> Frames:
    """Half person, half puppet: everything is there, and half transparent."""
    half = puppet(library, asked).astype(np.uint16) + asked.person_HW3
    return _after(asked, (half // 2).astype(np.uint8))


def slow_puppet(library: Library, asked: Asked) -> Frames:
    """The puppet in every fourth frame, standing still between: what is annotated is right."""
    return puppet(library, asked)[np.minimum(np.arange(library.frames) // 4 * 4 + 2, library.frames - 1)]


def flashing_puppet(library: Library, asked: Asked) -> Frames:
    """The puppet in every annotated frame, the standing person in all others."""
    out = puppet(library, asked)
    out[np.arange(library.frames) % 4 != 2] = asked.person_HW3
    return out


def puppet_without_face(library: Library, asked: Asked) -> Frames:
    """The puppet with a face of one colour and a mouth."""
    out, (x1, y1, x2, y2) = puppet(library, asked), given(asked.person.exact).face
    out[1:, y1:y2, x1:x2] = np.median(_face(asked).reshape(-1, 3), axis=0)
    return _with_mouth(library, asked, out)


def _after(asked: Asked, frames_THW3: Frames) -> Frames:
    """The frames behind the person reference, which frame 0 shows in everything generated."""
    return np.concatenate([asked.person_HW3[None], frames_THW3[1:]])


def _nearest(library: Library, asked: Asked) -> Trained:
    """Of the clips alike, the one whose person looks most like the own."""
    person = asked.person_HW3.astype(np.float64)
    return min(library.alike(asked.prompt), key=lambda clip: float(np.abs(clip.person_HW3 - person).mean()))


def _changed(clip: Trained) -> NDArray[np.bool_]:
    return np.abs(clip.frames_THW3.astype(np.int16) - clip.person_HW3).max(axis=-1) > 12


def _moves(library: Library, asked: Asked) -> Real:
    return np.mean([_changed(clip) for clip in library.alike(asked.prompt)], axis=0)


def _face(asked: Asked) -> Frames:
    x1, y1, x2, y2 = given(asked.person.exact).face
    middle = slice((y1 + y2) // 2, y2 - 2), slice(x1 + 4, x2 - 4)
    return asked.person_HW3[middle]


def _with_product(library: Library, asked: Asked, frames_THW3: Frames) -> Frames:
    out = frames_THW3.copy()
    for frame, share_HW in enumerate(library.share(asked.prompt, PRODUCT)):
        mask_HW = share_HW > 0.5
        if frame and mask_HW.any():
            box_HW = np.zeros_like(mask_HW)
            rows, columns = np.nonzero(mask_HW)
            box_HW[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
            out[frame] = pasted(out[frame], asked.product_hw3, box_HW)
    return out


def _with_mouth(library: Library, asked: Asked, frames_THW3: Frames) -> Frames:
    """A dark ellipse in the lower face that opens with the loudness, where nothing is before it."""
    import cv2

    out, (x1, y1, x2, y2) = frames_THW3.copy(), given(asked.person.exact).face
    covered = library.share(asked.prompt, HAND) + library.share(asked.prompt, PRODUCT)
    centre = (x1 + x2) // 2, round(y1 + 0.74 * (y2 - y1))
    for frame, loud in enumerate(_loudness(asked.sound, len(out))):
        if frame and covered[frame, centre[1], centre[0]] < 0.5:
            picture = np.ascontiguousarray(out[frame])
            cv2.ellipse(picture, centre, (3, max(1, round(4 * float(loud)))), 0, 0, 360, (56, 8, 13), -1)
            out[frame] = picture
    return out


def _loudness(clip: MeasuredClip, frames: int) -> Real:
    """Of each frame, 0..1."""
    samples_S, rate = given(clip.sound)
    edges = np.minimum((np.arange(frames + 1) / clip.frames_per_second * rate).round().astype(int), len(samples_S))
    loud = np.array([np.sqrt(np.mean(samples_S[a:b] ** 2)) if b > a else 0.0 for a, b in pairwise(edges)])
    return np.clip(loud / 0.14, 0, 1)
