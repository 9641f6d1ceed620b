"""tanh-GELU by way of the logistic function against the library's, forward and backward, in one run and in several."""

import pytest
import torch
import torch.nn.functional as F

from model.network.kernels import gelu
from model.network.kernels.gelu import tanh_gelu


@pytest.mark.parametrize("at_once", [7, 2**18])
@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float32, 1e-6), (torch.bfloat16, 8e-3)])
def test_agrees_with_the_library(
    precision: torch.dtype, tolerance: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gelu, "VALUES_AT_ONCE", at_once)
    x_NK = torch.linspace(-12, 12, 1001).unsqueeze(0).repeat(3, 1).to(precision).T.requires_grad_()
    ours, wanted = tanh_gelu(x_NK), F.gelu(x_NK.double(), approximate="tanh")
    assert ours.dtype == precision
    assert (ours - wanted).abs().max() <= tolerance * wanted.abs().max()
    upstream = torch.randn(ours.shape, generator=torch.Generator().manual_seed(0)).to(precision)
    gradients = [torch.autograd.grad(y, x_NK, upstream.to(y.dtype))[0] for y in (ours, wanted)]
    assert (gradients[0] - gradients[1]).abs().max() <= 4 * tolerance * gradients[1].abs().max()


def test_extremes_stay_themselves() -> None:
    x = torch.tensor([-3e38, -1e4, 0.0, 1e4, 3e38, torch.nan])
    assert tanh_gelu(x)[:5].tolist() == [0.0, 0.0, 0.0, 1e4, pytest.approx(3e38)]
    assert tanh_gelu(x)[5].isnan()
