"""An arm's network, and how it makes clips: each arm in the way that it was trained for.

Shape legend: B batch, C latent channels, T latent frames, h w latent size, H W pixels.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from evaluation.ablation.both_streams import sample_both_streams
from evaluation.exam.held_out import EvaluationClip, conditions_of
from evaluation.exam.open_and_sealed import clip_seed
from foundation.digests import file_sha256
from model.artifact.rgb_artifact import load_weights
from model.conditioning.latent_codec import TIME_STRIDE, LatentCodec
from model.contracts import NetworkConfig, RecipeConfig, SamplingConfig, TrainedStage
from model.inference.sampler import decode_after, draw_noise, sample_latents
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions

Video = tuple[EvaluationClip, int]
"""A clip, and which of its noise seeds."""


@dataclass(frozen=True)
class ArmSampler:
    """What makes clips with one arm's network."""

    network: DualStreamTransformer
    both_streams: bool  # the HOI stream is denoised beside the RGB one, which looks at it
    empty_text_LD: Tensor
    sampling: SamplingConfig

    @torch.no_grad()
    def clips(self, codec: LatentCodec, videos: list[Video], seed: int) -> Tensor:
        """video_BCTHW fp32 in -1..1; frame 0 shows the person reference.

        The RGB stream's noise is the same in every arm: that of clip and `seed`, as in the exam.
        """
        conditions = _moved(conditions_of([clip for clip, _ in videos]), next(self.network.parameters()).device)
        person_BC1hw = conditions.person_BC1hw
        latents_BCThw = self.latents(conditions, *(_noise(conditions, videos, seed, of) for of in ("", "/hoi")))
        before_BCFhw = person_BC1hw if conditions.motion_BCFhw is None else conditions.motion_BCFhw
        frames_BCTHW = decode_after(codec, before_BCFhw, latents_BCThw)
        return torch.cat([codec.decode(person_BC1hw), frames_BCTHW], dim=2).cpu()

    def latents(self, conditions: Conditions, rgb_noise_BCThw: Tensor, hoi_noise_BCThw: Tensor) -> Tensor:
        """RGB latents [B,C,T,h,w] from noise; an arm without the HOI stream at inference ignores its noise."""
        empty_LD = self.empty_text_LD.to(rgb_noise_BCThw.device)
        if not self.both_streams:
            return sample_latents(self.network, conditions, empty_LD, self.sampling, rgb_noise_BCThw)
        noise = (rgb_noise_BCThw, hoi_noise_BCThw)
        return sample_both_streams(self.network, conditions, empty_LD, self.sampling, noise)[0]


@dataclass(frozen=True)
class ArmConfigs:
    """What an arm's network is built and sampled with."""

    network: NetworkConfig
    recipe: RecipeConfig
    sampling: SamplingConfig


def arm_sampler(configs: ArmConfigs, stage: TrainedStage, empty_text_LD: Tensor, device: str) -> ArmSampler:
    """The sampler of a trained arm.

    Raises:
        ValueError: the weights changed since their receipt, or do not fit the configuration.
    """
    weights = Path(stage.weights)
    if not weights.exists() or file_sha256(weights) != stage.weights_sha256:
        raise ValueError(f"{weights} is missing or not the one in its receipt: train the arm again")
    network = DualStreamTransformer(configs.network, configs.recipe, streams_of(stage))
    load_weights(network, weights)
    return ArmSampler(
        network=network.eval().requires_grad_(False).to(device),
        both_streams=stage.attention == "full",
        empty_text_LD=empty_text_LD,
        sampling=configs.sampling,
    )


def streams_of(stage: TrainedStage) -> Literal["dual", "rgb"]:
    """Which streams the arm's network has."""
    return "rgb" if stage.ablation == "no_co_generation" else "dual"


def _noise(conditions: Conditions, videos: list[Video], seed: int, of: str) -> Tensor:
    channels, height, width = conditions.person_BC1hw.shape[1], *conditions.person_BC1hw.shape[3:]
    shape = (channels, conditions.audio_BKAS.shape[3] // TIME_STRIDE, height, width)
    seeds = [clip_seed(seed, clip.clip_id + of, repeat) for clip, repeat in videos]
    noise = draw_noise(shape, [torch.Generator().manual_seed(seed) for seed in seeds])
    return noise.to(conditions.person_BC1hw.device)


def _moved(conditions: Conditions, device: torch.device) -> Conditions:
    tensors = {name: value.to(device) for name, value in vars(conditions).items() if isinstance(value, Tensor)}
    return replace(conditions, **tensors)
