"""Clips measured in several processes have the numbers that they have in one."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from safetensors.torch import save_file

from evaluation.exam.hand_locator import HandLocator, HandsInFile
from evaluation.measure import Versions, measure, measure_takes
from evaluation.measuring.clip import MeasuredClip, given
from evaluation.recognisers.recognisers import RecognisersInFile
from tests.evaluation.metrics.studio_clips import measured, recognisers

NOISE = 6.0


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[MeasuredClip]:
    """Clips of the studio with tools that are named by their files."""
    folder = tmp_path_factory.mktemp("tools")
    file, locator = folder / "recognisers.safetensors", folder / "hand_locator.safetensors"
    recognisers().save(file)
    save_file(HandLocator().state_dict(), locator)
    look = RecognisersInFile(str(file)).look
    return [
        replace(
            clip,
            recognise=partial(look, person_HW3=given(clip.person), face=given(clip.exact).face),
            hand_locator=HandsInFile(str(locator)),
        )
        for clip in map(measured, range(3))
    ]


def _takes(clips: list[MeasuredClip]) -> list[Versions]:
    """Two noise seeds; in the first also the truth, and the person who stands still."""
    draw = np.random.default_rng(0)

    def grainy(clip: MeasuredClip) -> np.ndarray:
        truth = given(clip.truth)
        return (truth + draw.normal(0, NOISE, truth.shape)).clip(0, 255).astype(np.uint8)

    first: Versions = {
        "model": {clip.clip_id: grainy(clip) for clip in clips},
        "truth": {clip.clip_id: given(clip.truth) for clip in clips},
        "baseline": {clip.clip_id: np.repeat(given(clip.person)[None], 33, axis=0) for clip in clips},
    }
    return [first, {"model": {clip.clip_id: grainy(clip) for clip in clips}}]


def test_two_processes_give_the_numbers_of_one(clips: list[MeasuredClip]) -> None:
    takes = _takes(clips)
    one, two = (measure_takes(clips, takes, processes=processes) for processes in (1, 2))
    assert one == two
    assert one[0]["hand_error_px_all_frames"].value != one[1]["hand_error_px_all_frames"].value
    assert one[0]["person_recognised_frames_truth"].value is not None


def test_takes_together_have_the_numbers_of_each_alone(clips: list[MeasuredClip]) -> None:
    takes = _takes(clips)
    assert measure_takes(clips, takes)[1] == measure(clips, takes[1])
