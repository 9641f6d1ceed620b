"""What metrics work out for all frames at once is what the plain way gives frame by frame, on clips of the studio."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from evaluation.measuring.clip import MeasuredClip, given
from evaluation.measuring.colour import quick_lab
from evaluation.measuring.product_colours import CELL, CELLS, describe
from evaluation.measuring.seen import KINDS
from evaluation.metrics.frame_difference_ssim import differences, ssim_maps
from evaluation.metrics.person_unchanged import sleeves_off
from evaluation.metrics.structure_agreement import agreement
from evaluation.recognisers.part_map import map_parts
from tests.evaluation.metrics.studio_clips import recognised, recognisers


@pytest.fixture(scope="module")
def clip() -> MeasuredClip:
    return recognised(3)


@pytest.fixture(scope="module")
def other(clip: MeasuredClip) -> np.ndarray:
    """The true clip, grainy and a pixel aside."""
    truth = np.roll(given(clip.truth), 1, axis=2)
    return (truth + np.random.default_rng(0).normal(0, 5, truth.shape)).clip(0, 255).astype(np.uint8)


def test_ssim_of_all_frames_is_scikit_images(clip: MeasuredClip, other: np.ndarray) -> None:
    first, second = differences(other), differences(given(clip.truth))
    plain = [structural_similarity(a, b, data_range=1.0, full=True)[1] for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(ssim_maps(first, second), plain, rtol=0, atol=1e-12)


def test_colour_histogram_is_the_one_added_up_pixel_by_pixel(other: np.ndarray) -> None:
    lab_HW3 = quick_lab(other[5, 20:50, 10:40])
    weights_HW = np.random.default_rng(1).random(lab_HW3.shape[:2])
    places = np.clip((lab_HW3.reshape(-1, 3) + np.array([0.0, 100.0, 100.0])) / CELL, 0, np.array(CELLS) - 1.001)
    low = places.astype(int)
    histogram = np.zeros(CELLS)
    for corner in np.ndindex(2, 2, 2):
        share_P = np.prod(np.where(corner, places - low, 1 - (places - low)), axis=1)
        np.add.at(histogram, tuple((low + corner).T), weights_HW.ravel() * share_P)
    expected = histogram.ravel() / weights_HW.sum()
    np.testing.assert_allclose(describe(lab_HW3, weights_HW)[: expected.size], expected, rtol=1e-9)


def test_structure_agreement_is_the_mean_iou_of_every_kind(clip: MeasuredClip, other: np.ndarray) -> None:
    seen_THW, true_THW = clip.seen(other).kinds_THW, given(clip.exact).kinds_THW
    for frame, value in enumerate(agreement(clip, other), 1):
        shown = [kind for kind in range(len(KINDS)) if (true_THW[frame] == kind).any()]
        masks = [(seen_THW[frame] == kind, true_THW[frame] == kind) for kind in shown]
        assert value == pytest.approx(np.mean([(a & b).sum() / (a | b).sum() for a, b in masks]), rel=1e-12)


def test_a_frame_that_is_shown_again_is_mapped_once_and_alike(clip: MeasuredClip, other: np.ndarray) -> None:
    network, person_HW3 = recognisers().part_map, torch.tensor(given(clip.person))
    held = torch.tensor(np.repeat(other[::8], 4, axis=0))
    mapped = map_parts(network, held, person_HW3)
    plain = network(held, person_HW3.expand_as(held)).argmax(dim=1)
    assert torch.equal(mapped, plain.to(torch.uint8))


def test_sleeves_of_the_true_clip_are_not_off(clip: MeasuredClip, other: np.ndarray) -> None:
    own = np.array(sleeves_off(clip, given(clip.truth)))
    assert np.nanmax(own) == 0
    assert np.nanmean(sleeves_off(clip, other)) > 0
    assert np.isnan(own).sum() == np.isnan(sleeves_off(clip, other)).sum()
