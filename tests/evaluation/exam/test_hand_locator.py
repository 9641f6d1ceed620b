"""The embedded hand locator learns drawn hands in a few steps, the same way every time."""

import pytest
import torch

from evaluation.exam.hand_locator import LabelledFrames, expected_centres, fit_locator, locate_hands


def _drawn(count: int, seed: int, height: int = 48, width: int = 32) -> LabelledFrames:
    """Grey frames with a bright left hand and a dark right hand, anywhere in their halves."""
    draw = torch.Generator().manual_seed(seed)
    frames = torch.full((count, height, width, 3), 128, dtype=torch.uint8)
    centres = torch.empty(count, 2, 2)
    for index in range(count):
        for hand, (low, value) in enumerate([(width // 2, 250), (0, 20)]):
            x = int(torch.randint(low + 3, low + width // 2 - 3, (1,), generator=draw))
            y = int(torch.randint(3, height - 3, (1,), generator=draw))
            frames[index, y - 2 : y + 3, x - 2 : x + 3] = value
            centres[index, hand] = torch.tensor([float(x), float(y)])
    return LabelledFrames(frames, centres)


def test_learns_to_find_hands_it_has_not_seen() -> None:
    train, unseen = _drawn(128, 0), _drawn(32, 1)
    locator = fit_locator(train, steps=60, seed=0)
    error = (locate_hands(locator, unseen.frames_BHW3) - unseen.centres_BK2).norm(dim=-1).mean()
    middle = (torch.tensor([16.0, 24.0]) - unseen.centres_BK2).norm(dim=-1).mean()
    assert error < 0.5 * middle


def test_is_deterministic() -> None:
    train = _drawn(32, 0)
    first, second = (fit_locator(train, steps=3, seed=5) for _ in range(2))
    assert torch.equal(locate_hands(first, train.frames_BHW3), locate_hands(second, train.frames_BHW3))


def test_large_frames_are_answered_in_their_own_pixels() -> None:
    train = _drawn(16, 0)
    locator = fit_locator(train, steps=2, seed=0)
    large = torch.zeros(2, 480, 320, 3, dtype=torch.uint8)
    found = locate_hands(locator, large)
    assert found[..., 1].max() > 96
    assert found[..., 0].max() < 320


def test_hands_without_a_box_are_left_out_of_the_loss() -> None:
    train = _drawn(16, 0)
    absent = LabelledFrames(train.frames_BHW3, torch.full_like(train.centres_BK2, torch.nan))
    both = LabelledFrames(
        torch.cat([train.frames_BHW3, absent.frames_BHW3]), torch.cat([train.centres_BK2, absent.centres_BK2])
    )
    locator = fit_locator(both, steps=3, seed=0)
    assert all(parameter.isfinite().all() for parameter in locator.parameters())


def test_no_hand_at_all_is_an_error() -> None:
    train = _drawn(4, 0)
    absent = LabelledFrames(train.frames_BHW3, torch.full_like(train.centres_BK2, torch.nan))
    with pytest.raises(ValueError, match="deliver hand boxes"):
        fit_locator(absent, steps=1, seed=0)


def test_soft_argmax_of_a_peak_is_its_cell_centre() -> None:
    heat = torch.full((1, 2, 6, 4), -50.0)
    heat[0, 0, 2, 3] = heat[0, 1, 0, 0] = 50.0
    assert expected_centres(heat)[0].tolist() == [[13.5, 9.5], [1.5, 1.5]]
