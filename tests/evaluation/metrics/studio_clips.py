"""Clips as the studio films them, with all that is known of them, and recognisers fitted on a few others."""

from functools import cache

import numpy as np
import torch

from data.sources.studio.exact import nearest_parts
from data.sources.studio.film import FilmedClip, film
from data.sources.studio.shapes import Part
from evaluation.measuring.clip import MeasuredClip
from evaluation.measuring.seen import KIND_OF_PART, Exact
from evaluation.recognisers.crops import face_box, face_crops, mouth_crops
from evaluation.recognisers.faces import fit_face_space
from evaluation.recognisers.mouths import fit_mouth_reader
from evaluation.recognisers.part_map import PartFrames, fit_part_map
from evaluation.recognisers.recognisers import Recognisers
from foundation.clip_format import ClipFormat

FORMAT = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)
TRAINING, STEPS = 16, 100


@cache
def filmed(seed: int, index: int) -> FilmedClip:
    return film(seed, index, FORMAT)


def exact(clip: FilmedClip) -> Exact:
    parts = nearest_parts(clip.parts_TYX)
    kinds = KIND_OF_PART[parts]
    return Exact(kinds, parts == Part.LEFT_HAND, clip.mouth_T, face_box(kinds))


def measured(index: int) -> MeasuredClip:
    """A held-out clip, without recognisers."""
    clip = filmed(1000, index)
    return MeasuredClip(
        clip_id=f"s1000_{index:04d}",
        product_id=clip.scene.product_id,
        person_id=clip.scene.person_id,
        truth=clip.rgb_TYX3,
        person=clip.person_YX3,
        product=clip.product_YX3,
        sound=(clip.audio_S, FORMAT.audio_samples_per_second),
        boxes=clip.boxes,
        exact=exact(clip),
    )


def recognised(index: int) -> MeasuredClip:
    """A held-out clip, with recognisers."""
    plain, fitted = measured(index), recognisers()
    person, known = plain.person, plain.exact
    assert person is not None
    assert known is not None
    return MeasuredClip(
        **{name: value for name, value in vars(plain).items() if name not in ("recognise", "memory")},
        recognise=lambda frames: fitted.look(frames, person, known.face),
    )


@cache
def recognisers() -> Recognisers:
    """Fitted for a test: on few clips, not through a codec, in few steps."""
    clips = [filmed(0, index) for index in range(TRAINING)]
    picks = np.arange(1, 33, 4)
    known = [exact(clip) for clip in clips]
    labelled = PartFrames(
        torch.from_numpy(np.concatenate([clip.rgb_TYX3[picks] for clip in clips])),
        torch.from_numpy(np.concatenate([np.repeat(clip.person_YX3[None], len(picks), axis=0) for clip in clips])),
        torch.from_numpy(np.concatenate([one.kinds_THW[picks] for one in known])),
    )
    noise = np.random.default_rng(0)
    faces, face_references, mouths, mouth_references, openings = [], [], [], [], []
    for clip, one in zip(clips, known, strict=True):
        shown = np.flatnonzero(one.covered_T <= 0.03)[1:]
        grainy = (clip.rgb_TYX3[shown] + noise.normal(0, 6, clip.rgb_TYX3[shown].shape)).clip(0, 255).astype(np.uint8)
        faces.append(face_crops(grainy, one.face))
        mouths.append(mouth_crops(grainy, one.face))
        face_references.append(np.repeat(face_crops(clip.person_YX3[None], one.face), len(shown), axis=0))
        mouth_references.append(np.repeat(mouth_crops(clip.person_YX3[None], one.face), len(shown), axis=0))
        openings.append(clip.mouth_T[shown])
    return Recognisers(
        fit_part_map(labelled, STEPS, seed=0),
        fit_face_space(np.concatenate(faces), np.concatenate(face_references)),
        fit_mouth_reader(np.concatenate(mouths), np.concatenate(mouth_references), np.concatenate(openings)),
    )
