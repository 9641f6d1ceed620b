"""Which scene a clip has: the first one drawn for it that does not look like an earlier clip of its delivery.

Scenes are drawn at random, and of 1,600 two come out nearly alike: the same action with the same hand, before walls and
in clothes of nearly the same colours. Validation refuses one of such a pair, so the later clip is drawn again until it
is another one. What decides is what validation measures, on 8 frames with the mouth closed, which makes clips a little
more alike than they are. Most pairs differ in their colours already and are never filmed for it.

A pure function of (seed, index); the scenes of earlier clips are kept, so a process draws each once.
"""

from functools import cache

import numpy as np

from data.sources.studio.motion import pose_clip
from data.sources.studio.scene import ROUND, Scene, draw_scene
from data.sources.studio.shapes import Array
from data.sources.studio.shooting import camera_for, film_frames
from data.validation.clip_fingerprint import FRAMES, Fingerprints, fingerprint
from foundation.clip_format import ClipFormat

ALIKE = 0.967  # similarity, see data.validation.clip_fingerprint; conf/data/studio.yaml lets 0.97 pass
NEAR = 0.2  # distance of colours beyond which nothing is that similar: of 79,200 pairs those that were came to 0.19
WEIGHTS = np.repeat(np.array([0.6, 1.0, 0.4, 0.13, 0.32, 0.07], np.float32), 3)  # as they fill a picture
SEEN_AT = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)


def scene_of(seed: int, index: int) -> Scene:
    """The scene of clip `index` of delivery `seed`."""
    for earlier in range(index % ROUND, index, ROUND):  # in order: none has to look far back
        _cast(seed, earlier)
    return _cast(seed, index)[0]


@cache
def _cast(seed: int, index: int) -> tuple[Scene, int]:
    """The scene, and the attempt at which it was drawn."""
    before = range(index % ROUND, index, ROUND)
    colours_NC = np.array([_cast_colours(seed, one) for one in before], np.float32).reshape(-1, len(WEIGHTS))
    attempt = 0
    while True:
        scene = draw_scene(seed, index, attempt)
        distance_N = np.sqrt((WEIGHTS * (colours_NC - _colours(scene)) ** 2).sum(axis=1))
        near = [before[at] for at in np.flatnonzero(distance_N < NEAR)]
        if not any(_alike((seed, index, attempt), (seed, one, _cast(seed, one)[1])) for one in near):
            return scene, attempt
        attempt += 1


@cache
def _cast_colours(seed: int, index: int) -> Array:
    return _colours(_cast(seed, index)[0])


def _colours(scene: Scene) -> Array:
    who = scene.identity
    return np.array([*who.wall_top, *who.wall_bottom, *who.clothes, *who.skin, *who.table, *who.hair], np.float32)


def _alike(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return len(Fingerprints([_look(*one)]).alike(Fingerprints([_look(*other)]), ALIKE)[0]) > 0


@cache
def _look(seed: int, index: int, attempt: int) -> str:
    """The fingerprint of a scene, its mouth closed."""
    scene = draw_scene(seed, index, attempt)
    time_F = (np.linspace(0, SEEN_AT.frames - 1, FRAMES).round() / (SEEN_AT.frames - 1)).astype(np.float32)
    pose = pose_clip(scene.action, scene.hand, time_F, np.zeros(FRAMES, np.float32))
    return fingerprint(film_frames(scene, pose, camera_for(SEEN_AT))[0])
