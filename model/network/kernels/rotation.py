"""Rotary positions applied to queries and keys: a complex product on a CPU, a real one where a compiler fuses it.

Shape legend: B batch, S tokens, H heads, K head size, P = K / 2 rotation pairs.
"""

import torch
from torch import Tensor

from model.network.rotary import Rotary


def rotate(x_BSHK: Tensor, rotary: Rotary, in_place: bool = False) -> Tensor:
    """Turns neighbouring pairs of a head's dimensions by their token's angles, in fp32; `in_place` may overwrite x.

    A CPU does it as one complex product, in a fifth of the time; a compiler fuses the real one. Same numbers.
    """
    if x_BSHK.device.type == "cpu":
        return rotate_complex(x_BSHK, rotary, in_place)
    return rotate_real(x_BSHK, rotary)


def rotate_complex(x_BSHK: Tensor, rotary: Rotary, in_place: bool = False) -> Tensor:
    """Each pair is one complex number."""
    pairs_BSHP = torch.view_as_complex(x_BSHK.float().unflatten(-1, (-1, 2)))
    turns_S1P = torch.complex(rotary.cos_S1P, rotary.sin_S1P)
    turned_BSHP = pairs_BSHP.mul_(turns_S1P) if in_place else pairs_BSHP * turns_S1P
    return torch.view_as_real(turned_BSHP).flatten(-2)


def rotate_real(x_BSHK: Tensor, rotary: Rotary) -> Tensor:
    """Each pair is a point of the plane."""
    even, odd = x_BSHK.float().unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = rotary.cos_S1P, rotary.sin_S1P
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)
