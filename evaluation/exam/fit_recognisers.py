"""Fit the studio's recognisers on training clips as they come out of the latent codec.

Each training clip is decoded twice, once with noise in its latents, and some frames of each are taken. What they truly
show is known in every frame (data.sources.studio.exact). On the first training batch only, as the hand locator: later
deliveries then change neither the recognisers nor the exam.

Shape legend: N frames taken, T frames of a clip, H W pixels, D values of a crop.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray

from data.sources.studio.exact import exact_truth
from data.sources.studio.shapes import Part
from evaluation.exam.fit_hand_locator import LATENT_NOISE, through_codec
from evaluation.exam.held_out import EvaluationClip
from evaluation.measuring.clip import Frames
from evaluation.measuring.seen import KIND_OF_PART, Exact
from evaluation.recognisers.crops import face_box, face_crops, mouth_crops
from evaluation.recognisers.faces import fit_face_space
from evaluation.recognisers.mouths import fit_mouth_reader
from evaluation.recognisers.one_thread import one_thread
from evaluation.recognisers.part_map import PartFrames, fit_part_map
from evaluation.recognisers.recognisers import Recognisers
from foundation.clip_format import ClipFormat
from model.conditioning.latent_codec import LatentCodec

FITTED_CLIPS = 64
FRAMES_A_CLIP = 8
COVERED = 0.03  # of the face box: beyond it the face is not one to learn from
FEWEST_CLIPS = 2


@dataclass(frozen=True)
class _Taken:
    """What is gathered clip by clip."""

    frames: list[Frames] = field(default_factory=list)
    references: list[Frames] = field(default_factory=list)
    kinds: list[NDArray[np.uint8]] = field(default_factory=list)
    faces: list[NDArray[np.float64]] = field(default_factory=list)
    face_references: list[NDArray[np.float64]] = field(default_factory=list)
    mouths: list[NDArray[np.float64]] = field(default_factory=list)
    mouth_references: list[NDArray[np.float64]] = field(default_factory=list)
    openings: list[NDArray[np.floating]] = field(default_factory=list)


def exact_of(clip: EvaluationClip, motion_frames: int) -> Exact | None:
    """What the studio knows of a clip; None where it did not draw it."""
    record = clip.record
    shape = ClipFormat(
        frames=record.frames,
        frames_per_second=round(record.frames_per_second),
        height=record.height,
        width=record.width,
        motion_frames=motion_frames,
    )
    truth = exact_truth(clip.clip_id, shape, clip.frames())
    if truth is None:
        return None
    kinds_THW = KIND_OF_PART[truth.parts_THW]
    return Exact(kinds_THW, truth.parts_THW == Part.LEFT_HAND, truth.mouth_T, face_box(kinds_THW))


def fit_recognisers(
    clips: Sequence[EvaluationClip], codec: LatentCodec, motion_frames: int, steps: int, seed: int
) -> Recognisers | None:
    """The recognisers, deterministic in their arguments; None where fewer than two clips are the studio's."""
    known = [(clip, exact) for clip in clips[:FITTED_CLIPS] if (exact := exact_of(clip, motion_frames))]
    if len(known) < FEWEST_CLIPS:
        return None
    with one_thread():
        taken, random = _Taken(), np.random.default_rng(seed)
        for latent_noise, (index, (clip, exact)) in product((0.0, LATENT_NOISE), enumerate(known)):
            _take(taken, clip, exact, through_codec(clip, codec, latent_noise, seed + index).numpy(), random)
        labelled = PartFrames(*(_joined(part) for part in (taken.frames, taken.references, taken.kinds)))
        return Recognisers(
            fit_part_map(labelled, steps, seed),
            fit_face_space(np.concatenate(taken.faces), np.concatenate(taken.face_references)),
            fit_mouth_reader(
                np.concatenate(taken.mouths), np.concatenate(taken.mouth_references), np.concatenate(taken.openings)
            ),
        )


def _take(taken: _Taken, clip: EvaluationClip, exact: Exact, frames_THW3: Frames, random: np.random.Generator) -> None:
    """Some frames of one clip for the part map, and of those with an open face, for the others."""
    picks = np.sort(random.choice(np.arange(1, len(frames_THW3)), min(FRAMES_A_CLIP, len(frames_THW3) - 1), False))
    person_1HW3 = clip.person()[None]
    taken.frames.append(frames_THW3[picks])
    taken.references.append(np.repeat(person_1HW3, len(picks), axis=0))
    taken.kinds.append(exact.kinds_THW[picks])
    open_N = picks[exact.covered_T[picks] <= COVERED]
    for crops, of, references in (
        (face_crops, taken.faces, taken.face_references),
        (mouth_crops, taken.mouths, taken.mouth_references),
    ):
        if len(open_N):
            of.append(crops(frames_THW3[open_N], exact.face))
            references.append(np.repeat(crops(person_1HW3, exact.face), len(open_N), axis=0))
    taken.openings.append(exact.mouth_T[open_N])


def _joined(parts: list[NDArray[np.uint8]]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts))
