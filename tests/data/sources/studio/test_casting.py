"""A delivery's clips differ from each other at any number, and the first ones are what they always were."""

import pytest
import yaml

from data.sources.studio.casting import ALIKE, scene_of
from data.sources.studio.film import film
from data.sources.studio.scene import ROUND, draw_scene
from data.validation.clip_fingerprint import Fingerprints, fingerprint
from foundation.clip_format import ClipFormat

CLIP = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)
TWINS = (381, 1037)  # of seed 0: as first drawn they are as alike as 0.979


def similarity(*indices: int) -> float:
    """Of two clips of seed 0, as validation measures it; 0 where it is far below any limit."""
    one, other = (Fingerprints([fingerprint(film(0, index, CLIP).rgb_TYX3)]) for index in indices)
    return max([0.0, *one.alike(other, 0.9)[2].tolist()])


def test_the_later_of_two_that_look_alike_is_drawn_again() -> None:
    first, later = TWINS
    assert scene_of(0, first) == draw_scene(0, first)
    assert scene_of(0, later) != draw_scene(0, later)
    assert (scene_of(0, later).action, scene_of(0, later).hand) == (
        draw_scene(0, later).action,
        draw_scene(0, later).hand,
    )
    assert similarity(first, later) < ALIKE


def test_they_were_alike_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above shows nothing."""
    monkeypatch.setattr("data.sources.studio.film.scene_of", draw_scene)
    assert similarity(*TWINS) >= 0.97


def test_a_scene_does_not_depend_on_who_asked_before() -> None:
    from data.sources.studio import casting

    kept = scene_of(0, TWINS[1])
    for known in (casting._cast, casting._cast_colours, casting._look):
        known.cache_clear()
    assert scene_of(0, TWINS[1]) == kept


@pytest.mark.parametrize(("seed", "clips"), [(0, 96), (1000, 16), (7, 20), (1007, 4), (1000, 4)])
def test_clips_that_are_filmed_already_stay_what_they_are(seed: int, clips: int) -> None:
    assert [scene_of(seed, index) for index in range(clips)] == [draw_scene(seed, index) for index in range(clips)]
    twins = range(TWINS[0] % ROUND, 640, ROUND)
    assert [scene_of(0, index) for index in twins] == [draw_scene(0, index) for index in twins]


@pytest.mark.parametrize("name", ["studio", "smoke", "studio_people"])
def test_what_is_drawn_anew_is_more_than_validation_asks(name: str) -> None:
    with open(f"{__file__.rpartition('/tests/')[0]}/conf/data/{name}.yaml") as file:
        assert yaml.safe_load(file)["validation"]["most_similarity"] > ALIKE
