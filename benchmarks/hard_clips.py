"""Studio clips in which the product is hard to tell, with truth to the pixel: what the product mask is calibrated on.

    python -m benchmarks.hard_clips KIND SEED CLIPS FOLDER

KIND: `plain` (the studio as it is), `clothes` (shirt and long sleeves in the product's colours), `wall` (things of all
colours behind the person). 41 frames of 544x960, about 14 s of one core a clip.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from data.sources.studio import StudioBatch
from data.sources.studio.casting import scene_of
from data.sources.studio.delivery import deliver
from data.sources.studio.render import Camera
from data.sources.studio.scene import Identity, Scene
from data.sources.studio.shapes import Colour
from data.sources.studio.shooting import backdrop
from foundation.clip_format import ClipFormat
from foundation.map_items import Spread

SIZE = ClipFormat(frames=41, frames_per_second=25, height=960, width=544, motion_frames=0)
THINGS = 120  # on the wall
NEAR = 0.05  # of a colour, 0..1
Array = NDArray[np.floating]


def dressed_like_the_product(seed: int, index: int) -> Scene:
    """The studio's scene, clothes and sleeves in the product's colour, a stripe in its label's on every second."""
    scene, random = scene_of(seed, index), np.random.default_rng([seed, index, 77])

    def near(colour: Colour) -> Colour:
        red, green, blue = (min(max(part + float(random.uniform(-NEAR, NEAR)), 0.0), 1.0) for part in colour)
        return red, green, blue

    clothes, accent = near(scene.product.colour), near(scene.product.label)
    accent = accent if index % 2 else scene.identity.accent
    return replace(scene, identity=replace(scene.identity, clothes=clothes, accent=accent, long_sleeves=True))


def wall_of_things(identity: Identity, camera: Camera) -> Array:
    """The studio's wall, covered with rectangles of all colours."""
    wall_HW3 = backdrop(identity, camera).copy()
    height, width = wall_HW3.shape[:2]
    random = np.random.default_rng(int(wall_HW3.mean() * 1e6))
    for _ in range(THINGS):
        top, left = int(random.integers(0, height)), int(random.integers(0, width))
        tall, wide = int(random.integers(height // 60, height // 8)), int(random.integers(width // 60, width // 6))
        part = slice(top, top + tall), slice(left, left + wide)
        wall_HW3[part] = wall_HW3[part] * 0.15 + 0.85 * random.uniform(0, 1, 3)
    return wall_HW3


KINDS: dict[str, tuple[Callable[[int, int], Scene], Callable[[Identity, Camera], Array]]] = {
    "plain": (scene_of, backdrop),
    "clothes": (dressed_like_the_product, backdrop),
    "wall": (scene_of, wall_of_things),
}


def film(kind: str, seed: int, clips: int, folder: Path) -> None:
    """Deliver a batch of one kind into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    scene, wall = KINDS[kind]
    batch = StudioBatch(source="studio", seed=seed, clips=clips, look="anny")
    with (
        patch("data.sources.studio.film.scene_of", scene),
        patch("data.sources.studio.anny.film.backdrop", wall),
    ):
        deliver(batch, SIZE, folder, Spread())


if __name__ == "__main__":
    film(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
