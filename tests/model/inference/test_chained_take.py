"""The seam of a chain on a model that has learned one take: it goes on where the last clip ended, and does not flicker.

A tiny RGB network is trained on windows of one continuous take (the frames before a window are its motion), so that the
only thing that says where in the take a clip begins is the motion. Chained clips must then follow the take across every
seam; the same network that is told no motion begins anew each time, which the measure must show.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from foundation.clip_format import ClipFormat
from model.artifact.export import ArtifactConfigs
from model.artifact.rgb_artifact import LoadedArtifact, load_artifact
from model.conditioning.audio_encoders.log_mel import LogMelAudio
from model.conditioning.latent_codecs.linear import fit_linear_codec
from model.conditioning.text_encoders.hashed_words import HashedWords
from model.contracts import RecipeConfig, SamplingConfig
from model.flow_matching import TIMESTEPS, add_noise, draw_sigmas, stream_loss
from model.inference.chain import ChainInputs, generate_chain
from model.inference.seams import SeamReport, measure_seams
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions

pytestmark = pytest.mark.end_to_end
NEW, MOTION, CLIPS, SIDE = 16, 13, 3, 64  # frames that a clip adds, frames of it that the next is told
CHANNELS, STEPS = 24, 500


def drawn_take(frames: int) -> Tensor:
    """A soft disc that wanders over a wall and never comes back to where it was, [1,3,T,H,W]."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
    pictures: list[Tensor] = []
    for frame in range(frames):
        turn = 2 * math.pi * frame / frames
        far = torch.hypot(x - 0.6 * math.cos(turn), y - 0.5 * math.sin(turn))
        disc = torch.sigmoid((0.35 - far) * 12)
        wall = torch.stack([0.3 * x, 0.2 * y - 0.2, 0.1 + 0.2 * x * y])
        pictures.append(wall * (1 - disc) + disc * torch.tensor([0.9, -0.2, -0.6])[:, None, None])
    return torch.stack(pictures, dim=1)[None]


def learn(take_1CTHW: Tensor, steps: int, configs: ArtifactConfigs, artifact: LoadedArtifact) -> LoadedArtifact:
    """The artifact with a codec and a network that know this take."""
    torch.manual_seed(0)
    whole_1CTHW = take_1CTHW[:, :, : 1 + (take_1CTHW.shape[2] - 1) // 4 * 4]
    codec = fit_linear_codec(lambda: [("take", whole_1CTHW)], CHANNELS).codec
    sizes = {"dim": 96, "ffn_dim": 192, "latent_channels": CHANNELS, "motion": True, "learned_positions": (4, 4, 4)}
    recipe = RecipeConfig.model_validate({**configs.recipe.model_dump(), "experts": ()})
    network = DualStreamTransformer(configs.network.model_copy(update=sizes), recipe, streams="rgb")
    clip = ClipFormat(frames=NEW + 1, frames_per_second=25, height=SIDE, width=SIDE, motion_frames=MOTION)
    known = replace(
        artifact,
        network=network,
        codec=codec,
        clip=clip,
        text=HashedWords(8, 6),
        audio=LogMelAudio(6),
        sampling=SamplingConfig(steps=6, guidance=1, sigma_shift=3),
    )
    _train(network, windows(take_1CTHW, known), steps)
    network.eval().requires_grad_(False)
    return known


def windows(take_1CTHW: Tensor, known: LoadedArtifact) -> list[tuple[Conditions, Tensor]]:
    """The take's beginning without motion, and every later window behind the frames before it."""
    encode = known.codec.encode
    person = encode(take_1CTHW[:, :, :1])
    audio = known.audio.encode(np.zeros((NEW + 1) * 640, np.float32), NEW + 1)[None]
    bare = Conditions(known.text.encode(["goes on"]), person, audio)
    found = [(bare, encode(take_1CTHW[:, :, : NEW + 1])[:, :, 1:])]
    for start in range(1 + MOTION, take_1CTHW.shape[2] - NEW + 1):
        latents = encode(take_1CTHW[:, :, start - MOTION : start + NEW])
        before = 1 + (MOTION - 1) // 4
        found.append((replace(bare, motion_BCFhw=latents[:, :, :before]), latents[:, :, before:]))
    return found


def _train(network: DualStreamTransformer, takes: list[tuple[Conditions, Tensor]], steps: int) -> None:
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3, (0.9, 0.99), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        batch = torch.randint(1, len(takes), (8,), generator=generator).tolist() if step % 5 else [0]
        told = takes[batch[0]][0]
        if step % 5:
            motion = torch.cat([takes[place][0].motion_BCFhw for place in batch])  # type: ignore[misc]
            told = Conditions(
                *(value.expand(8, *value.shape[1:]) for value in (told.text_BLD, told.person_BC1hw, told.audio_BKAS)),
                motion_BCFhw=motion,
            )
        clean = torch.cat([takes[place][1] for place in batch])
        noised = add_noise(clean, draw_sigmas(len(batch), 3, generator), generator)
        output = network(noised.noisy_BCThw, TIMESTEPS * noised.sigma_B, told).rgb_BCThw
        loss = stream_loss(output, noised, network.recipe, told.person_BC1hw)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def chained(known: LoadedArtifact, take_1CTHW: Tensor) -> Tensor:
    sound = np.zeros(CLIPS * NEW * 640, np.float32)
    asked = ChainInputs(["goes on"] * CLIPS, NEW, take_1CTHW[:, :, :1], sound)
    return generate_chain(known, asked, [0])[0]


def cut(known: LoadedArtifact, take_1CTHW: Tensor) -> Tensor:
    """As many clips that are told nothing of one another."""
    one = ChainInputs(["goes on"], NEW, take_1CTHW[:, :, :1], np.zeros(NEW * 640, np.float32))
    return torch.cat([generate_chain(known, one, [seed])[0] for seed in range(CLIPS)], dim=1)


def said(name: str, report: SeamReport) -> None:
    seams = ", ".join(f"{seam.difference:.2f}" for seam in report.seams)
    print(f"{name}: seams {seams}; inside {report.inside_median:.2f} median, {report.inside_largest:.2f} largest")


def levels_off(made_CTHW: Tensor, truth_CTHW: Tensor) -> float:
    return float((made_CTHW - truth_CTHW).abs().mean() * 127.5)


def test_a_chain_follows_the_take_across_its_seams(configs: ArtifactConfigs, artifact: Path) -> None:
    take_1CTHW = drawn_take(72)
    known = learn(take_1CTHW, STEPS, configs, load_artifact(artifact))
    truth_CTHW = take_1CTHW[0, :, 1 : 1 + CLIPS * NEW]
    made_CTHW, apart_CTHW = chained(known, take_1CTHW), cut(known, take_1CTHW)
    report, control = measure_seams(made_CTHW, NEW), measure_seams(apart_CTHW, NEW)
    said("chained", report)
    said("cut", control)
    said("truth", measure_seams(truth_CTHW, NEW))
    print(f"levels off the take: {levels_off(made_CTHW, truth_CTHW):.2f} and {levels_off(apart_CTHW, truth_CTHW):.2f}")
    for seam, without in zip(report.seams, control.seams, strict=True):
        assert seam.difference < 0.35 * without.difference
        assert seam.difference < 1.5 * report.inside_largest
    assert levels_off(made_CTHW, truth_CTHW) < 0.3 * levels_off(apart_CTHW, truth_CTHW)
