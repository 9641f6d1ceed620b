"""A tiny network of both streams, random weights everywhere, and conditions for it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model.contracts import NetworkConfig, RecipeConfig, SamplingConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions

SHAPE = (2, 4, 4)  # latent frames, height, width
SAMPLING = SamplingConfig(steps=3, guidance=2.0, sigma_shift=3.0)


@pytest.fixture
def plain(small: NetworkConfig) -> NetworkConfig:
    return small.model_copy(update={"motion": False})


@pytest.fixture
def both(plain: NetworkConfig, read_recipe: Callable[[str], RecipeConfig]) -> DualStreamTransformer:
    torch.manual_seed(0)
    network = DualStreamTransformer(plain, read_recipe("toy"))
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.1 * torch.randn_like(weight)
    return network.eval()


@pytest.fixture
def conditions(plain: NetworkConfig) -> Conditions:
    draw = torch.Generator().manual_seed(1)

    def normal(*size: int) -> Tensor:
        return torch.randn(2, *size, generator=draw)

    return Conditions(
        text_BLD=normal(plain.text_tokens, plain.text_dim),
        person_BC1hw=normal(plain.latent_channels, 1, *SHAPE[1:]),
        audio_BKAS=normal(plain.audio_layers, plain.audio_dim, 4 * SHAPE[0]),
        hoi_text_BLD=normal(plain.text_tokens, plain.text_dim),
        product_BC1hw=normal(plain.latent_channels, 1, *SHAPE[1:]),
    )


@pytest.fixture
def noises(plain: NetworkConfig) -> tuple[Tensor, Tensor, Tensor]:
    """RGB's, HOI's, and another for HOI."""
    draw = torch.Generator().manual_seed(2)
    first, second, third = torch.randn(3, 2, plain.latent_channels, *SHAPE, generator=draw)
    return first, second, third
