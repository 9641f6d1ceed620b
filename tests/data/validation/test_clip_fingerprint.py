"""Near-duplicates: copies are found however they were saved, other takes are not."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.sources.studio.film import film
from data.validation.clip_fingerprint import fingerprint, nearest
from foundation.clip_format import ClipFormat
from foundation.video_reading import read_video
from foundation.video_writing import write_video

CLIP = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)
LEAST = 0.955


@pytest.fixture(scope="module")
def clip() -> NDArray[np.uint8]:
    return film(0, 3, CLIP).rgb_TYX3


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    similarity, _ = nearest([fingerprint(one), fingerprint(other)], 0.1)
    return float(similarity[0])


def test_a_copy_is_found_however_it_was_saved(clip: NDArray[np.uint8], tmp_path: Path) -> None:
    write_video(tmp_path / "lossy.mp4", clip, 25, lossless=False)
    noise = np.random.default_rng(0).normal(0, 4, clip.shape)
    larger = np.stack([np.asarray(Image.fromarray(frame).resize((128, 192))) for frame in clip])
    copies = {
        "lossy": read_video(tmp_path / "lossy.mp4")[0],
        "lighter": (clip * 0.9 + 20).astype(np.uint8),
        "noisy": np.clip(clip + noise, 0, 255).astype(np.uint8),
        "larger": larger,
    }
    assert {name for name, copy in copies.items() if likeness(clip, copy) < LEAST} == set()


def test_another_take_is_no_copy(clip: NDArray[np.uint8]) -> None:
    raised = film(0, 8, CLIP).rgb_TYX3
    assert likeness(raised, raised[::-1].copy()) < 0.5, "the same place, moved otherwise"
    assert likeness(clip, clip[:, :, ::-1].copy()) < 0.5
    assert likeness(clip, film(0, 3 + 16, CLIP).rgb_TYX3) < LEAST, "another person, the same gesture"


def test_a_clip_in_which_nothing_moves_is_compared_by_its_look() -> None:
    ground = np.random.default_rng(1).integers(0, 255, (1, 96, 64, 3), np.uint8)
    still = np.repeat(ground, 33, axis=0)
    assert likeness(still, np.clip(still.astype(int) + 1, 0, 255).astype(np.uint8)) > LEAST


def test_the_nearest_of_many_is_named_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.validation.clip_fingerprint.BLOCK", 3)
    random = np.random.default_rng(2)
    looks = [fingerprint(random.integers(0, 255, (8, 16, 16, 3), np.uint8)) for _ in range(10)]
    similarity, which = nearest([*looks, looks[4]], LEAST)
    assert (which[4], which[10]) == (10, 4)
    assert (which[[0, 1, 2, 3, 5, 6, 7, 8, 9]] == -1).all()
    assert similarity[4] == pytest.approx(1.0)
