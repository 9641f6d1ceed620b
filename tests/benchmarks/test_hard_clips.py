"""The hard clips are hard: clothes in the product's colours, a wall full of things; the rest is the studio's."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import hard_clips
from benchmarks.hard_clips import NEAR, dressed_like_the_product, film, wall_of_things
from data.clips.manifest import read_manifest
from data.sources.studio.anny.film import film as film_people
from data.sources.studio.casting import scene_of
from data.sources.studio.render import Camera
from data.sources.studio.shooting import backdrop
from foundation.clip_format import ClipFormat
from foundation.pictures import read_image
from foundation.video_reading import read_video


def test_clothes_are_in_the_products_colours_and_everything_else_stays() -> None:
    for index in range(4):
        plain, hard = scene_of(3, index), dressed_like_the_product(3, index)
        difference_3 = np.abs(np.subtract(hard.identity.clothes, plain.product.colour))
        assert difference_3.max() <= NEAR
        assert hard.identity.long_sleeves
        assert (hard.product, hard.action, hard.hand) == (plain.product, plain.action, plain.hand)


def test_the_wall_is_full_of_things() -> None:
    identity, camera = scene_of(3, 0).identity, Camera(96, 64, 1, half_height=1.0)
    changed_HW3 = np.abs(wall_of_things(identity, camera) - backdrop(identity, camera))
    assert (changed_HW3.max(axis=-1) > 0.1).mean() > 0.3


def test_a_batch_is_filmed_in_its_own_scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both patches reach the studio, and are gone afterwards."""
    size = ClipFormat(frames=5, frames_per_second=25, height=96, width=64, motion_frames=0)
    monkeypatch.setattr(hard_clips, "SIZE", size)
    for kind in hard_clips.KINDS:
        film(kind, 3, 1, tmp_path / kind)
    frames = {kind: read_video(tmp_path / kind / "clips/s3_0000/rgb.mp4")[0] for kind in hard_clips.KINDS}
    assert [len(read_manifest(tmp_path / kind)) for kind in hard_clips.KINDS] == [1, 1, 1]
    assert read_image(tmp_path / "wall/clips/s3_0000/product.png").shape == (1, 96, 64, 3)
    np.testing.assert_array_equal(frames["plain"], film_people(3, 0, size).rgb_TYX3)
    for kind in ("clothes", "wall"):
        differs_TYX = np.abs(frames[kind].astype(int) - frames["plain"]).max(axis=-1) > 30
        assert differs_TYX.mean() > 0.03, kind
