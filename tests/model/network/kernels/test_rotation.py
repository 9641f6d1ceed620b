"""Both ways to turn queries and keys by their positions agree, and turning keeps lengths."""

import torch

from model.network.kernels.rotation import rotate_complex, rotate_real
from model.network.rotary import TokenLayout, rotary_tables

HEAD = 12


def test_both_ways_to_turn_agree_and_keep_lengths() -> None:
    layout = TokenLayout(2, 2, 3, 4, 6, product_scale=None, motion=False)
    tables = rotary_tables(layout, "negative_width", HEAD, torch.device("cpu"))
    x_BSHK = torch.randn(2, 30, 3, HEAD)
    turned = rotate_complex(x_BSHK, tables)
    torch.testing.assert_close(turned, rotate_real(x_BSHK, tables))
    torch.testing.assert_close(turned.norm(dim=-1), x_BSHK.norm(dim=-1))
    assert torch.equal(turned[:, 0], x_BSHK[:, 0])  # the first token sits at the origin
