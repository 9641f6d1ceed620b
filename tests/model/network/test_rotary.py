"""Where tokens sit."""

import math

import pytest
import torch
from torch import Tensor

from model.network.rotary import Rotary, TokenLayout, rotary_tables

HEAD = 12  # 4 dimensions, 2 pairs, an axis
CPU = torch.device("cpu")


def _places(tables: Rotary) -> Tensor:
    """(t, h, w) of each token: the angle of each axis's first pair, whose frequency is 1; exact below half a turn."""
    return torch.atan2(tables.sin_S1P, tables.cos_S1P)[:, 0, ::2]


def _layout(**changes: object) -> TokenLayout:
    values = {"frames": 2, "rows": 2, "columns": 3, "latent_rows": 4, "latent_columns": 6}
    return TokenLayout(**{**values, "product_scale": None, "motion": False, **changes})


def _angle(place: float) -> float:
    return math.remainder(place, 2 * math.pi)


def test_targets_then_person_then_hoi_left_of_the_picture() -> None:
    places = _places(rotary_tables(_layout(), "negative_width", HEAD, CPU))
    assert places.shape == (12 + 6 + 12, 3)
    torch.testing.assert_close(places[0:12], torch.cartesian_prod(*map(torch.arange, (2.0, 2.0, 3.0))))
    assert places[12:18, 0].tolist() == pytest.approx([_angle(30)] * 6, abs=1e-5)
    torch.testing.assert_close(places[18:, 2], torch.tensor([-3.0, -2.0, -1.0] * 4))
    torch.testing.assert_close(places[18:, :2], places[0:12, :2])


def test_released_code_reads_the_end_of_its_table() -> None:
    places = _places(rotary_tables(_layout(), "wrapped_table", HEAD, CPU))
    assert places[18:21, 2].tolist() == pytest.approx([_angle(1021), _angle(1022), _angle(1023)], abs=1e-4)


def test_product_is_rescaled() -> None:
    places = _places(rotary_tables(_layout(columns=6, product_scale=0.5), "negative_width", HEAD, CPU))
    product = places[24 + 12 : 24 + 24]
    assert product[:, 0].tolist() == pytest.approx([_angle(31)] * 12, abs=1e-5)
    assert product[:6, 2].tolist() == pytest.approx([0, 0, 0, 1, 1, 2])  # linspace(0, 2, 6), truncated
    assert product[:, 1].max() == 0  # round(2 * 0.5) = 1 row


def test_motion_buckets_count_back_from_the_clip() -> None:
    layout = _layout(rows=4, columns=4, latent_rows=8, latent_columns=8, motion=True)
    places = _places(rotary_tables(layout, "negative_width", HEAD, CPU))
    motion = places[2 * 16 + 16 : -2 * 16]
    newest, middle, oldest = motion.split((16, 4, 4))
    assert newest[:, 0].tolist() == pytest.approx([-1.0] * 16)
    assert middle.tolist() == [pytest.approx([-3.0, h, w]) for h in (0, 3) for w in (0, 3)]
    assert oldest[:, 0].tolist() == pytest.approx([_angle(t) for t in (-19, -14, -9, -4)], abs=1e-5)
