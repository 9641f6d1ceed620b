"""The linear codec: shapes, the first frame alone, what is kept, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model.conditioning.build import build_codec
from model.conditioning.latent_codecs.linear import FittedCodec, fit_linear_codec, to_blocks
from model.contracts import LatentCodecConfig


def smooth_video(seed: int, frames: int = 9) -> Tensor:
    """[1,3,frames,32,24] in -1..1: low frequencies only, so that few components carry it."""
    coarse = torch.rand(1, 3, 3, 4, 3, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, size=(frames, 32, 24), mode="trilinear")


def videos() -> Iterator[tuple[str, Tensor]]:
    for seed in range(8):
        yield "rgb", smooth_video(seed)
        yield "hoi", smooth_video(seed + 8) / 2


@cache
def fitted(channels: int = 24) -> FittedCodec:
    return fit_linear_codec(videos, channels)


def test_linear_codec_has_the_wan_strides_and_unit_variance() -> None:
    codec = fitted().codec
    latents = torch.cat([codec.encode(video) for _, video in videos()])
    assert latents.shape == (16, 24, 3, 4, 3)
    assert abs(float(latents.square().mean()) - 1) < 0.02
    assert codec.decode(latents).shape == (16, 3, 9, 32, 24)


def test_linear_codec_psnr_is_what_decoding_shows() -> None:
    codec = fitted().codec
    rgb = torch.cat([video for kind, video in videos() if kind == "rgb"])
    blocks, shown = (to_blocks(video) for video in (rgb, codec.decode(codec.encode(rgb))))
    seen_db = float(10 * torch.log10(4 / (blocks - shown).square().mean()))
    assert fitted().psnr_db["rgb"] == pytest.approx(seen_db, abs=1)  # the mean of frame 0's four is better
    assert fitted().psnr_db["hoi"] > fitted().psnr_db["rgb"] > 25


def test_decoding_from_neighbours_beats_the_transposed_basis() -> None:
    codec = fitted(8).codec
    kernel = torch.zeros_like(codec.decoder_PC33)
    kernel[:, :, 1, 1] = codec.basis_PC / codec.scale_C
    plain = replace(codec, decoder_PC33=kernel, decoder_bias_P=codec.mean_P)
    errors = [
        sum(float((decoder.decode(codec.encode(video)) - video).square().mean()) for _, video in videos())
        for decoder in (codec, plain)
    ]
    assert errors[0] < 0.8 * errors[1]


def test_linear_codec_encodes_a_single_picture_as_the_first_frame_of_a_clip() -> None:
    codec = fitted().codec
    video = smooth_video(0)
    torch.testing.assert_close(codec.encode(video[:, :, :1]), codec.encode(video)[:, :, :1])


def test_linear_codec_fit_is_deterministic_and_survives_the_disk(tmp_path: Path) -> None:
    codec, again = fitted().codec, fit_linear_codec(videos, 24).codec
    assert torch.equal(codec.basis_PC, again.basis_PC)
    assert torch.equal(codec.decoder_PC33, again.decoder_PC33)
    codec.save(tmp_path / "latent_codec.safetensors")
    loaded = build_codec(LatentCodecConfig(kind="linear", channels=24), tmp_path)
    assert torch.equal(loaded.encode(smooth_video(3)), codec.encode(smooth_video(3)))


def test_codec_refuses_what_it_would_cut_silently(tmp_path: Path) -> None:
    codec = fitted().codec
    with pytest.raises(ValueError, match=r"4k \+ 1 frames.*got 8"):
        codec.encode(smooth_video(0)[:, :, :8])
    with pytest.raises(ValueError, match="multiples"):
        codec.encode(torch.zeros(1, 3, 5, 30, 24))
    with pytest.raises(ValueError, match="fit the encoders first"):
        build_codec(LatentCodecConfig(kind="linear", channels=24), tmp_path)
    codec.save(tmp_path / "latent_codec.safetensors")
    with pytest.raises(ValueError, match="channels is 16 but its weights have 24"):
        build_codec(LatentCodecConfig(kind="linear", channels=16), tmp_path)


def test_fit_without_clips_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 blocks"):
        fit_linear_codec(list, 4)
