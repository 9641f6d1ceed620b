"""What can be held without a checkout of the public code: who agrees, what is refused, and the limit's replay."""

from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks.__main__ import main
from benchmarks.limit import recorded
from benchmarks.public_agreement import check_same, check_step
from benchmarks.public_inputs import public_inputs
from evaluation.ablation.random_batch import ClipShape
from model.contracts import NetworkConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.presets import recipe_preset
from model.weights.released_keys import released_entries


class InTheirLayout(nn.Module):
    """The gradients of a network of ours, under the names and in the shapes of the released layout."""

    def __init__(self, network: DualStreamTransformer) -> None:
        super().__init__()
        self.theirs: dict[str, nn.Parameter] = {}
        ours = dict(network.named_parameters())
        for entry in released_entries(network):
            grad = ours[entry.ours].grad
            assert grad is not None
            for name, gradient in zip(entry.theirs, entry.to_theirs(grad), strict=True):
                self.theirs[name] = nn.Parameter(torch.zeros_like(gradient))
                self.theirs[name].grad = gradient.clone()

    def named_parameters(self, *args: object, **kwargs: object) -> object:
        return iter(self.theirs.items())


@pytest.fixture
def trained(small: NetworkConfig) -> DualStreamTransformer:
    torch.manual_seed(0)
    network = DualStreamTransformer(small, recipe_preset("released"))
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter)
    return network


def test_every_gradient_is_compared(trained: DualStreamTransformer) -> None:
    theirs = InTheirLayout(trained)
    loss, gradients = check_step(theirs, trained, (1.5, 1.5))
    assert (loss.difference, gradients.difference) == (0, 0)
    assert gradients.compared >= 0.95 * len(list(trained.parameters()))  # not those of one number
    name = "blocks.1.ffn.router.0.weight"
    theirs.theirs[name].grad[3, 4] += 0.01
    with pytest.raises(ValueError, match=r"differ in gradients by .*blocks\.1\.experts\.router\.0\.weight"):
        check_step(theirs, trained, (1.5, 1.5))


def test_another_loss_or_output_is_refused(trained: DualStreamTransformer) -> None:
    with pytest.raises(ValueError, match="differ in loss"):
        check_step(InTheirLayout(trained), trained, (1.5, 1.5001))
    x = torch.randn(1, 4, 2, 8, 8)
    assert check_same("output", x, x.clone())[0].difference == 0
    with pytest.raises(ValueError, match="differ in output"):
        check_same("output", x, x + 1e-3)
    with pytest.raises(ValueError, match="differ in output by nan"):
        check_same("output", x, torch.full_like(x, torch.nan))


def test_the_limit_is_the_products_and_attention_of_a_step() -> None:
    torch.manual_seed(0)
    layer, x_ND = nn.Linear(8, 8), torch.randn(4, 8)
    q_BHNK = torch.randn(1, 2, 16, 8, requires_grad=True)

    def step() -> None:
        layer(x_ND).relu().sum().backward()
        nn.functional.scaled_dot_product_attention(q_BHNK, q_BHNK, q_BHNK).sum().backward()

    step()
    found = recorded(step)
    assert len(found.calls) == 4  # the layer forward, its weight's gradient, attention forward and backward
    assert found.operations > 8
    before = layer.weight.grad.clone()
    found.replay()
    assert torch.equal(layer.weight.grad, before)  # on operands of its own


def test_both_sides_noise_alike(small: NetworkConfig) -> None:
    x = public_inputs(small, ClipShape(32, 32, 2))
    rgb, hoi = x.noised(torch.tensor([250.0]))
    torch.testing.assert_close(rgb.noisy_BCThw, 0.75 * x.rgb + 0.25 * x.noise[:, :, 1:])
    assert torch.equal(hoi.noise_BCThw, x.noised(torch.tensor([500.0]))[1].noise_BCThw)
    assert not torch.equal(hoi.noise_BCThw, rgb.noise_BCThw)
    assert x.conditions(with_hoi=False).hoi_text_BLD is None


@pytest.mark.parametrize("verb", ["train-step", "inference"])
def test_no_checkout_is_named(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--public", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert f"error: --public {tmp_path}: no diffsynth/models/wan_video_dit_s2v.py there" in error
    assert "luoxyhappy/CoInteract at fbd744e" in error
