"""A tiny dual-stream model with random weights, inputs for it, its encoders, and the artifact exported from it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from foundation.clip_format import ClipFormat
from model.artifact.export import ArtifactConfigs, export_artifact
from model.conditioning.latent_codecs.linear import fit_linear_codec
from model.contracts import (
    AudioEncoderConfig,
    Encoders,
    EncodingConfig,
    LatentCodecConfig,
    NetworkConfig,
    RecipeConfig,
    SamplingConfig,
    TextEncoderConfig,
    TrainedStage,
)
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions
from tests.receipts import stage_two_receipt

NETWORK = NetworkConfig(
    dim=48,
    ffn_dim=64,
    layers=2,
    heads=2,
    latent_channels=8,
    frequency_dim=16,
    text_dim=8,
    text_tokens=6,
    audio_dim=6,
    audio_layers=1,
    audio_injection_layers=[0],
    expert_dim=8,
    motion=False,
    learned_positions=(2, 3, 2),
    add_reference_to_target=True,
    pooled_text_in_modulation=True,
)
RECIPE = RecipeConfig(
    experts=("head", "hand", "base"),
    router="paper",
    hoi_positions="negative_width",
    hoi_modulation="own_step",
    hoi_attends_product=False,
    experts_off_above=None,
    experts_off_unconditional=False,
    hoi_loss_weight=1,
    route_loss_weight=1,
    route_class_weights={"base": 1, "head": 1, "hand": 1},
    prediction="reference_residual",
    sigma_shift_training=5,
    drop_prompt=0.1,
    drop_audio=0.1,
    drop_motion=0.4,
    drop_pose=0.5,
)
ENCODING = EncodingConfig(
    latent_codec=LatentCodecConfig(kind="linear", channels=8),
    text_encoder=TextEncoderConfig(kind="hashed_words", dim=8, tokens=6),
    audio_encoder=AudioEncoderConfig(kind="log_mel", dim=6, layers=1),
    hoi_prompt="structure video:",
)
CONFIGS = ArtifactConfigs(
    network=NETWORK,
    recipe=RECIPE,
    encoding=ENCODING,
    clip=ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=0),
    sampling=SamplingConfig(steps=3, guidance=1.5, sigma_shift=3),
)


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


def random_dual(network: NetworkConfig, recipe: RecipeConfig, seed: int = 0) -> DualStreamTransformer:
    """As if trained: no weight is left at its zero start, so everything can influence everything."""
    torch.manual_seed(seed)
    dual = DualStreamTransformer(network, recipe, streams="dual")
    with torch.no_grad():
        for parameter in dual.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return dual.eval()


@pytest.fixture
def make_inputs() -> type[Inputs]:
    return Inputs


@pytest.fixture
def randomized() -> Callable[..., DualStreamTransformer]:
    return random_dual


@pytest.fixture(params=["paper", "released"])
def recipe(request: pytest.FixtureRequest, read_recipe: Callable[[str], RecipeConfig]) -> RecipeConfig:
    return read_recipe(request.param)


@pytest.fixture
def configs() -> ArtifactConfigs:
    return CONFIGS


@pytest.fixture
def dual() -> DualStreamTransformer:
    return random_dual(NETWORK, RECIPE)


@pytest.fixture
def make_dual() -> Callable[[NetworkConfig, RecipeConfig], DualStreamTransformer]:
    return random_dual


@pytest.fixture
def encoders(tmp_path: Path) -> Encoders:
    folder = tmp_path / "encoders"
    folder.mkdir()
    video = torch.rand(1, 3, 9, 48, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    fit_linear_codec(lambda: [("rgb", video)], 8).codec.save(folder / "latent_codec.safetensors")
    (folder / "encoders.json").write_text(json.dumps({"weights_sha256": {}}))
    save_file({"text_LD": torch.zeros(6, 8)}, folder / "empty_text.safetensors")
    return Encoders(folder=str(folder), digest="d", captions={})


@pytest.fixture
def make_stage(tmp_path: Path) -> Callable[[DualStreamTransformer], TrainedStage]:
    def make(dual: DualStreamTransformer) -> TrainedStage:
        file = tmp_path / "stage_two.safetensors"
        save_file({key: value.contiguous() for key, value in dual.state_dict().items()}, file)
        return stage_two_receipt(file)

    return make


@pytest.fixture
def stage_two(make_stage: Callable[[DualStreamTransformer], TrainedStage], dual: DualStreamTransformer) -> TrainedStage:
    return make_stage(dual)


@pytest.fixture
def artifact(tmp_path: Path, stage_two: TrainedStage, encoders: Encoders, configs: ArtifactConfigs) -> Path:
    folder = tmp_path / "rgb_artifact"
    export_artifact(folder, stage_two, encoders, configs)
    return folder
