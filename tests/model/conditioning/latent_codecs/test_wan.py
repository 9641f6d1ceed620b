"""The Wan codec from disk: shapes, causality, its own statistics, and what is missing."""

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKLWan
from torch import Tensor

from model.conditioning.build import build_codec
from model.contracts import LatentCodecConfig


def smooth_video(seed: int, frames: int = 9) -> Tensor:
    """[1,3,frames,32,24] in -1..1: low frequencies only, so that few components carry it."""
    coarse = torch.rand(1, 3, 3, 4, 3, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, size=(frames, 32, 24), mode="trilinear")


@pytest.fixture(scope="module")
def wan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("wan")
    AutoencoderKLWan(base_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1).save_pretrained(folder)
    return folder


def test_wan_codec_from_disk_has_the_same_shapes_and_is_causal(wan_folder: Path, tmp_path: Path) -> None:
    codec = build_codec(LatentCodecConfig(kind="wan", channels=16, weights=str(wan_folder)), tmp_path)
    video = smooth_video(1)
    latents = codec.encode(video)
    assert latents.shape == (1, 16, 3, 4, 3)
    assert codec.decode(latents).shape == video.shape
    changed = video.clone()
    changed[:, :, 5:] = 0
    torch.testing.assert_close(codec.encode(changed)[:, :, :2], latents[:, :, :2])
    assert not torch.allclose(codec.encode(changed)[:, :, 2], latents[:, :, 2])


def test_wan_codec_normalises_by_the_models_own_statistics(wan_folder: Path, tmp_path: Path) -> None:
    codec = build_codec(LatentCodecConfig(kind="wan", channels=16, weights=str(wan_folder)), tmp_path)
    vae = AutoencoderKLWan.from_pretrained(wan_folder)
    video = smooth_video(2)
    with torch.no_grad():
        raw = vae.encode(video).latent_dist.mode()
    expected = (raw[0, 3] - vae.config.latents_mean[3]) / vae.config.latents_std[3]
    torch.testing.assert_close(codec.encode(video)[0, 3], expected)


def test_wan_codec_without_weights_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"latent_codec.weights is not set"):
        build_codec(LatentCodecConfig(kind="wan", channels=16), tmp_path)
    with pytest.raises(ValueError, match=r"holds no config.json"):
        build_codec(LatentCodecConfig(kind="wan", channels=16, weights=str(tmp_path)), tmp_path)
