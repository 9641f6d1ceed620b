"""Chained clips: what each one is told, that they go on from one another, and that the seam is measured."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model.artifact.export import ArtifactConfigs, export_artifact
from model.artifact.rgb_artifact import LoadedArtifact, load_artifact
from model.contracts import Encoders, NetworkConfig, RecipeConfig, TrainedStage
from model.inference.chain import ChainInputs, generate_chain, motion_frames
from model.inference.sampler import decode_after
from model.inference.seams import frame_differences, measure_seams
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions, Denoised

MakeDual = Callable[[NetworkConfig, RecipeConfig], DualStreamTransformer]
MakeStage = Callable[[DualStreamTransformer], TrainedStage]
FRAMES, MOTION = 8, 5  # new frames of a clip, frames of it that the next one is told
SIDE = 64


@pytest.fixture
def chaining(
    make_dual: MakeDual, make_stage: MakeStage, encoders: Encoders, configs: ArtifactConfigs, tmp_path: Path
) -> LoadedArtifact:
    """An artifact of random weights that was "trained" with motion."""
    network = configs.network.model_copy(update={"motion": True, "learned_positions": None})
    clip = configs.clip.model_copy(update={"height": SIDE, "width": SIDE, "motion_frames": MOTION})
    stage = make_stage(make_dual(network, configs.recipe))
    export_artifact(tmp_path / "chaining", stage, encoders, replace(configs, network=network, clip=clip))
    return load_artifact(tmp_path / "chaining")


def inputs(*prompts: str) -> ChainInputs:
    generator = torch.Generator().manual_seed(2)
    sound = np.random.default_rng(0).normal(0, 0.1, len(prompts) * FRAMES * 640).astype(np.float32)
    person, product = (torch.rand(1, 3, 1, SIDE, SIDE, generator=generator) * 2 - 1 for _ in range(2))
    return ChainInputs(prompts, FRAMES, person, sound, product_1C1HW=product)


class Recorder(nn.Module):
    """The network, and what it was told at the beginning of each clip."""

    def __init__(self, network: DualStreamTransformer) -> None:
        super().__init__()
        self.inner, self.network, self.recipe = network, network.network, network.recipe
        self.told: list[Conditions] = []

    def forward(self, rgb: Tensor, timestep_B: Tensor, conditions: Conditions, conditional: bool | Tensor) -> Denoised:
        if timestep_B[0] == 1000:
            self.told.append(conditions)
        return self.inner(rgb, timestep_B, conditions, conditional=conditional)


def recorded(artifact: LoadedArtifact, asked: ChainInputs) -> tuple[Tensor, list[Conditions]]:
    recorder = Recorder(artifact.network)
    sampling = artifact.sampling.model_copy(update={"guidance": 1.0})
    video = generate_chain(replace(artifact, network=recorder, sampling=sampling), asked, [0])  # type: ignore[arg-type]
    return video, recorder.told


def test_every_clip_is_told_its_prompt_its_sound_and_the_last_frames_made(chaining: LoadedArtifact) -> None:
    asked = inputs("takes the cup", "turns it", "puts it down")
    video, told = recorded(chaining, asked)
    assert video.shape == (1, 3, 3 * FRAMES, SIDE, SIDE)
    assert told[0].motion_BCFhw is None
    for clip in (1, 2):
        last_frames = video[:, :, clip * FRAMES - MOTION : clip * FRAMES]
        torch.testing.assert_close(told[clip].motion_BCFhw, chaining.codec.encode(last_frames))
    for clip, prompt in enumerate(asked.prompts):
        assert torch.equal(told[clip].text_BLD, chaining.text.encode([prompt]))
        assert torch.equal(told[clip].person_BC1hw, told[0].person_BC1hw)
        assert torch.equal(told[clip].product_BC1hw, told[0].product_BC1hw)  # type: ignore[arg-type]
    silence = np.zeros(640, np.float32)
    columns = chaining.audio.encode(np.concatenate([silence, asked.samples]), 3 * FRAMES + 1)
    assert torch.equal(torch.cat([clip.audio_BKAS[0] for clip in told], dim=-1), columns)


def test_a_longer_chain_begins_with_the_same_clips(chaining: LoadedArtifact) -> None:
    short = generate_chain(chaining, inputs("takes the cup", "turns it"), [3])
    asked = inputs("takes the cup", "turns it", "drops it")
    long = generate_chain(chaining, asked, [3])
    torch.testing.assert_close(long[:, :, : FRAMES - 1], short[:, :, : FRAMES - 1], atol=1e-3, rtol=0)
    other = generate_chain(chaining, replace(asked, prompts=("takes the cup", "turns it", "eats it")), [3])
    assert torch.equal(long[:, :, : 2 * FRAMES], other[:, :, : 2 * FRAMES])
    assert not torch.allclose(long[:, :, 2 * FRAMES :], other[:, :, 2 * FRAMES :], atol=1e-3)


def test_several_seeds_are_made_together_each_as_it_is_alone(chaining: LoadedArtifact) -> None:
    asked = inputs("takes the cup", "turns it")
    both = generate_chain(chaining, asked, [3, 4])
    torch.testing.assert_close(both[1:], generate_chain(chaining, asked, [4]), atol=2e-3, rtol=0)
    assert torch.equal(both, generate_chain(chaining, asked, [3, 4]))
    assert not torch.allclose(both[0], both[1], atol=0.05)


def test_progress_counts_the_steps_of_all_clips(chaining: LoadedArtifact) -> None:
    seen: list[tuple[int, int]] = []
    generate_chain(chaining, inputs("a", "b"), [0], lambda done, total: seen.append((done, total)))
    assert seen == [(step, 6) for step in range(1, 7)]


def test_a_model_without_motion_makes_one_clip_and_refuses_two(artifact: Path) -> None:
    loaded = load_artifact(artifact)
    with pytest.raises(ValueError, match=r"trained without the frames before a clip.*one prompt, or train.*motion"):
        generate_chain(loaded, inputs("takes the cup", "turns it"), [0])


def test_motion_is_whole_latent_frames_of_what_there_is() -> None:
    assert [motion_frames(available, 73) for available in (80, 160, 32, 33, 8)] == [73, 73, 29, 33, 5]


def test_poses_follow_the_clips_and_a_product_may_be_missing(chaining: LoadedArtifact) -> None:
    pose = torch.rand(1, 3, 2 * FRAMES, SIDE, SIDE, generator=torch.Generator().manual_seed(5)) * 2 - 1
    asked = replace(inputs("a", "b"), pose_1CTHW=pose, product_1C1HW=None)
    _, told = recorded(chaining, asked)
    assert told[0].product_BC1hw is None
    behind_itself = torch.cat([pose[:, :, :1], pose[:, :, :FRAMES]], dim=2)
    torch.testing.assert_close(told[0].pose_BCThw, chaining.codec.encode(behind_itself)[:, :, 1:])
    torch.testing.assert_close(told[1].pose_BCThw, chaining.codec.encode(pose[:, :, FRAMES - 1 :])[:, :, 1:])


def test_a_clip_is_decoded_behind_what_came_before_it(chaining: LoadedArtifact) -> None:
    latents = torch.randn(1, 8, 5, 8, 8, generator=torch.Generator().manual_seed(0))
    whole = chaining.codec.decode(latents)
    assert torch.equal(decode_after(chaining.codec, latents[:, :, :3], latents[:, :, 3:]), whole[:, :, -8:])


def test_seams_are_measured_in_levels_against_the_inside() -> None:
    levels = torch.tensor([0.0, 1, 2, 3, 13, 14, 15, 16])  # one level a frame, ten across the seam
    video = (levels / 127.5)[None, :, None, None].expand(3, 8, 4, 4)
    np.testing.assert_allclose(frame_differences(video), [1, 1, 1, 10, 1, 1, 1], rtol=1e-5)
    report = measure_seams(video, 4)
    assert (report.frames, len(report.seams)) == (8, 1)
    assert report.inside_median == pytest.approx(1)
    assert report.seams[0].after_frames == 4
    assert report.seams[0].of_median == pytest.approx(10)
    assert report.seams[0].larger_inside == 0
