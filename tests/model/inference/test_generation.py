"""From an artifact and a person's files to a video: the sampler's rules, and an MP4 that reads back whole."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from foundation.geometry import CoverCrop
from foundation.video_io import write_audio
from model.artifact.rgb_artifact import ClipShape, load_artifact
from model.contracts import RecipeConfig, SamplingConfig
from model.inference.generate import generate, new_frames
from model.inference.orders import ClipOrder
from model.inference.read_inputs import cover, read_image, read_sound
from model.inference.sampler import draw_noise, generate_clips, sample_latents
from model.inference.write_clip import write_clip
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

        def forward(self, rgb: Tensor, timestep: Tensor, told: Conditions, conditional: bool) -> object:
            output = truth - told.person_BC1hw
            if prediction == "velocity":
                output = (rgb - truth) / (timestep[0] / 1000)
            return type("Denoised", (), {"rgb_BCThw": output})

    for steps in (1, 4):
        sampling = SamplingConfig(steps=steps, guidance=2, sigma_shift=5)
        found = sample_latents(Oracle(), asked, EMPTY, sampling, one_noise())  # type: ignore[arg-type]
        torch.testing.assert_close(found, truth, atol=1e-4, rtol=0)


def test_pictures_are_fitted_as_in_preparation() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (71, 133, 3), dtype=np.uint8)
    expected = CoverCrop(71, 133, 48, 32).frames(picture[None])[0]
    assert np.array_equal(np.asarray(cover(Image.fromarray(picture), 48, 32)), expected)


def speech(path: Path, seconds: float, rate: int = 44_100) -> Path:
    write_audio(path, (0.4 * np.sin(np.arange(int(seconds * rate)) / 30)).astype(np.float32), rate)
    return path


CLIP = ClipShape(frames=33, frames_per_second=25, height=96, width=64)


def test_sound_of_any_rate_is_cut_to_the_clip_and_short_sound_is_refused(tmp_path: Path) -> None:
    samples = read_sound(speech(tmp_path / "long.wav", 3.0), CLIP, 33)
    assert len(samples) == 33 * 640
    assert 0.2 < float(np.abs(samples).mean()) < 0.3
    with pytest.raises(ValueError, match=r"short\.wav is 1\.00 s long, the video needs 1\.32 s"):
        read_sound(speech(tmp_path / "short.wav", 1.0), CLIP, 33)


def test_unreadable_inputs_are_named(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"p\.png cannot be read"):
        read_image(tmp_path / "p.png", CLIP)
    with pytest.raises(ValueError, match=r"a\.wav cannot be read"):
        read_sound(tmp_path / "a.wav", CLIP, 33)


def test_seconds_become_whole_latent_frames() -> None:
    assert [new_frames(CLIP, seconds) for seconds in (None, 1.28, 0.64, 0.16)] == [32, 32, 16, 4]
    with pytest.raises(ValueError, match=r"--seconds 4.*0\.16 to 1\.28 s"):
        new_frames(CLIP, 4)


def test_an_mp4_reads_back_with_picture_and_sound(tmp_path: Path) -> None:
    ramp = torch.linspace(-1, 1, 33)[None, :, None, None].expand(3, 33, 96, 64)
    samples = (0.5 * np.sin(2 * np.pi * 440 * np.arange(33 * 640) / 16_000)).astype(np.float32)
    write_clip(tmp_path / "new" / "v.mp4", ramp, samples, CLIP)
    with av.open(str(tmp_path / "new" / "v.mp4")) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec_context.name, picture.pix_fmt, float(picture.average_rate)) == ("h264", "yuv420p", 25)
        assert (sound.codec_context.name, sound.rate) == ("aac", 16_000)
        frames = [frame.to_ndarray(format="rgb24").mean() for frame in container.decode(picture)]
    assert len(frames) == 33
    np.testing.assert_allclose(frames, np.linspace(0, 255, 33), atol=4)
    heard = read_sound(tmp_path / "new" / "v.mp4", CLIP, 33)
    assert abs(float(np.abs(heard).mean()) - float(np.abs(samples).mean())) < 0.03
    with pytest.raises(ValueError, match=r"--out .*v\.mp4"):
        write_clip(tmp_path / "v.avi", ramp, samples, CLIP)


def test_generate_makes_the_whole_video(artifact: Path, tmp_path: Path) -> None:
    Image.new("RGB", (200, 300), (180, 120, 90)).save(tmp_path / "person.jpg")
    Image.new("RGB", (50, 40), (20, 120, 190)).save(tmp_path / "product.png")
    out = tmp_path / "videos" / "v.mp4"
    command = [sys.executable, "-m", "model.inference.generate", str(artifact), "--prompt", "lifts the cup"]
    files = ["--person", str(tmp_path / "person.jpg"), "--product", str(tmp_path / "product.png")]
    sound = ["--audio", str(speech(tmp_path / "a.wav", 2.0)), "--out", str(out), "--seed", "3"]
    said = subprocess.run([*command, *files, *sound], check=True, capture_output=True, text=True).stdout
    assert f"video: {out}" in said
    assert "progress 3/3 denoising steps" in said
    with av.open(str(out)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 8  # nine, of which the first one is the reference
        assert float(container.streams.audio[0].duration * container.streams.audio[0].time_base) == pytest.approx(
            8 / 25, abs=0.1
        )
    with Image.open(out.with_name("v_contact_sheet.png")) as sheet:
        assert sheet.width > 8 * sheet.height / 3
    about = json.loads(out.with_suffix(".json").read_text())
    assert (about["seed"], about["prompts"], about["seams"]["seams"]) == (3, ["lifts the cup"], [])


def test_generate_works_without_a_product_and_for_part_of_a_clip(artifact: Path, tmp_path: Path) -> None:
    Image.new("RGB", (64, 96), (180, 120, 90)).save(tmp_path / "p.png")
    sound, out = speech(tmp_path / "a.wav", 0.25), tmp_path / "v.mp4"
    order = ClipOrder(person=tmp_path / "p.png", audio=sound, prompts=["waves"], out=out, seconds=0.16)
    assert generate(load_artifact(artifact), order) == [out]
    with av.open(str(out)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 4
    with pytest.raises(ValueError, match=r"a\.wav is 0\.25 s long"):
        generate(load_artifact(artifact), replace(order, seconds=None))


def test_several_seeds_are_several_videos_each_as_it_is_alone(artifact: Path, tmp_path: Path) -> None:
    Image.new("RGB", (64, 96), (180, 120, 90)).save(tmp_path / "p.png")
    sound = speech(tmp_path / "a.wav", 0.5)
    order = ClipOrder(tmp_path / "p.png", sound, ["waves"], tmp_path / "v.mp4", seeds=(4, 9))
    files = generate(load_artifact(artifact), order)
    assert [file.name for file in files] == ["v_seed4.mp4", "v_seed9.mp4"]
    (alone,) = generate(load_artifact(artifact), replace(order, out=tmp_path / "alone.mp4", seeds=(9,)))
    (again,) = generate(load_artifact(artifact), replace(order, out=tmp_path / "again.mp4", seeds=(9,)))
    assert alone.read_bytes() == again.read_bytes()
    assert np.abs(pictures(files[1]) - pictures(alone)).max() <= 2  # batched kernels round otherwise
    assert np.abs(pictures(files[0]) - pictures(files[1])).mean() > 2


def pictures(file: Path) -> np.ndarray:
    with av.open(str(file)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(float)
