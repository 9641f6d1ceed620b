"""Small networks and batches for the tests beside this file."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from model.contracts import NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions


class Inputs:
    """A random batch: noisy RGB and HOI latents with all conditions; seeded."""

    def __init__(self, network: NetworkConfig, shape: tuple[int, int, int], batch: int = 2, seed: int = 0) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.network, self.batch, (self.frames, self.height, self.width) = network, batch, shape
        self.rgb, self.hoi = self.latents(self.frames), self.latents(self.frames)
        self.timestep = torch.linspace(950.0, 120.0, batch)
        self.conditions = Conditions(
            text_BLD=self.normal(network.text_tokens, network.text_dim),
            person_BC1hw=self.latents(1),
            audio_BKAS=self.normal(network.audio_layers, network.audio_dim, 4 * self.frames),
            hoi_text_BLD=self.normal(network.text_tokens, network.text_dim),
            product_BC1hw=self.latents(1),
            product_scale=0.6,
            motion_BCFhw=self.latents(19) if network.motion else None,
            pose_BCThw=self.latents(self.frames),
        )

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(self.batch, *shape, generator=self.generator)

    def latents(self, frames: int) -> Tensor:
        return self.normal(self.network.latent_channels, frames, self.height, self.width)

    def without(self, *fields: str) -> Conditions:
        return replace(self.conditions, **dict.fromkeys(fields))


def _randomized(network: NetworkConfig, recipe: RecipeConfig, seed: int = 0) -> DualStreamTransformer:
    """A network none of whose weights is zero, so that everything can influence everything."""
    torch.manual_seed(seed)
    model = DualStreamTransformer(network, recipe)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


@pytest.fixture
def make_inputs() -> type[Inputs]:
    return Inputs


@pytest.fixture
def randomized() -> Callable[..., DualStreamTransformer]:
    return _randomized


@pytest.fixture(params=["paper", "released"])
def recipe(request: pytest.FixtureRequest, read_recipe: Callable[[str], RecipeConfig]) -> RecipeConfig:
    return read_recipe(request.param)
