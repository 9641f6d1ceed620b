"""The sampler's rules: seeds and batches, the reference frame, guidance, schedules."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from model.artifact.rgb_artifact import load_artifact
from model.contracts import RecipeConfig, SamplingConfig
from model.inference.sampler import draw_noise, generate_clips, sample_latents
from model.network.streams import Conditions

EMPTY = torch.zeros(6, 8)


def conditions(batch: int) -> Conditions:
    generator = torch.Generator().manual_seed(1)

    def noise(*size: int) -> Tensor:
        return torch.randn(batch, *size, generator=generator)

    return Conditions(
        text_BLD=noise(6, 8),
        person_BC1hw=noise(8, 1, 6, 4),
        audio_BKAS=noise(1, 6, 8),
        product_BC1hw=noise(8, 1, 6, 4),
    )


def one_noise() -> Tensor:
    return draw_noise((8, 2, 6, 4), [torch.Generator().manual_seed(0)])


def one(all_clips: Conditions, clip: int) -> Conditions:
    parts = {name: value[clip : clip + 1] for name, value in vars(all_clips).items() if isinstance(value, Tensor)}
    return replace(all_clips, **parts)


def test_a_clip_depends_on_its_seed_and_not_on_its_batch(artifact: Path) -> None:
    loaded = load_artifact(artifact)
    both = generate_clips(loaded, conditions(2), [5, 6])
    assert both.shape == (2, 3, 9, 48, 32)
    alone = generate_clips(loaded, one(conditions(2), 1), [6])
    torch.testing.assert_close(both[1:], alone, atol=1e-4, rtol=1e-4)
    assert torch.equal(alone, generate_clips(loaded, one(conditions(2), 1), [6]))
    assert not torch.allclose(alone, generate_clips(loaded, one(conditions(2), 1), [7]), atol=1e-2)


def test_frame_zero_is_the_person_reference(artifact: Path) -> None:
    loaded = load_artifact(artifact)
    video = generate_clips(loaded, conditions(1), [0])
    person = loaded.codec.decode(conditions(1).person_BC1hw)
    torch.testing.assert_close(video[:, :, :1], person)


def test_guidance_pushes_away_from_the_empty_prompt_and_silence(artifact: Path) -> None:
    network, noise = load_artifact(artifact).network, one_noise()

    def sampled(guidance: float, asked: Conditions) -> Tensor:
        return sample_latents(network, asked, EMPTY, SamplingConfig(steps=1, guidance=guidance, sigma_shift=3), noise)

    asked = conditions(1)
    nothing = replace(asked, text_BLD=torch.zeros(1, 6, 8), audio_BKAS=torch.zeros(1, 1, 6, 8))
    conditional, unconditional = sampled(1, asked), sampled(1, nothing)
    expected = unconditional + 3 * (conditional - unconditional)
    torch.testing.assert_close(sampled(3, asked), expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(conditional, unconditional, atol=1e-3)


@pytest.mark.parametrize("prediction", ["velocity", "reference_residual"])
def test_sampling_finds_the_answer_of_a_perfect_network(prediction: str, artifact: Path) -> None:
    """A network that always knows x0: every schedule must end there."""
    truth, asked = torch.full((1, 8, 2, 6, 4), 0.7), conditions(1)
    network = load_artifact(artifact).network
    recipe = RecipeConfig.model_validate({**network.recipe.model_dump(), "prediction": prediction})

    class Oracle(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.recipe, self.anchor = recipe, torch.nn.Parameter(torch.zeros(1))

        def forward(self, rgb: Tensor, timestep: Tensor, seen: Conditions, conditional: bool) -> object:
            output = truth - seen.person_BC1hw
            if prediction == "velocity":
                output = (rgb - truth) / (timestep[0] / 1000)
            return type("Denoised", (), {"rgb_BCThw": output})

    for steps in (1, 4):
        sampling = SamplingConfig(steps=steps, guidance=2, sigma_shift=5)
        result = sample_latents(Oracle(), asked, EMPTY, sampling, one_noise())  # type: ignore[arg-type]
        torch.testing.assert_close(result, truth, atol=1e-4, rtol=0)
