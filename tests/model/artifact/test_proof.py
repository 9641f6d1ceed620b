"""The proof holds for every network and recipe, and sees an RGB stream that looks at the HOI stream."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.artifact.export import ArtifactConfigs, export_artifact
from model.artifact.proof import prove_rgb_only
from model.artifact.rgb_artifact import LoadedArtifact, load_artifact, load_network
from model.contracts import Encoders, NetworkConfig, RecipeConfig, TrainedStage
from model.inference.sampler import sample_latents
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions

MakeDual = Callable[[NetworkConfig, RecipeConfig], DualStreamTransformer]
MakeStage = Callable[[DualStreamTransformer], TrainedStage]


@pytest.mark.parametrize("recipe_change", [{}, {"hoi_attends_product": True, "hoi_modulation": "zero_step"}])
def test_the_proof_holds_with_motion_and_velocity_too(
    recipe_change: dict[str, object],
    make_dual: MakeDual,
    make_stage: MakeStage,
    encoders: Encoders,
    configs: ArtifactConfigs,
    tmp_path: Path,
) -> None:
    network = configs.network.model_copy(update={"motion": True, "learned_positions": None})
    recipe = configs.recipe.model_copy(update={"prediction": "velocity", **recipe_change})
    stage = make_stage(make_dual(network, recipe))
    clip = configs.clip.model_copy(update={"height": 64, "width": 64})
    receipt = export_artifact(
        tmp_path / "a", stage, encoders, replace(configs, network=network, recipe=recipe, clip=clip)
    )
    assert receipt.proof["noise_swap"] == "same bits on 3 shapes"


@pytest.mark.parametrize("name", ["paper", "released"])
def test_the_proof_holds_for_both_published_recipes(
    name: str, make_dual: MakeDual, make_stage: MakeStage, encoders: Encoders, configs: ArtifactConfigs, tmp_path: Path
) -> None:
    text = (Path(__file__).parents[3] / "conf/recipe" / f"{name}.yaml").read_text()
    recipe = RecipeConfig.model_validate(yaml.safe_load(text))
    network = configs.network.model_copy(update={"motion": True, "learned_positions": None})
    clip = configs.clip.model_copy(update={"height": 64, "width": 64})
    published = replace(configs, network=network, recipe=recipe, clip=clip)
    receipt = export_artifact(tmp_path / "a", make_stage(make_dual(network, recipe)), encoders, published)
    assert receipt.proof["noise_swap"] == receipt.proof["nan"] == "same bits on 3 shapes"
    assert not [key for key in load_file(tmp_path / "a" / "model.safetensors") if "hoi" in key]


def test_the_proof_sees_an_rgb_stream_that_looks_at_hoi(
    artifact: Path, stage_two: TrainedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = DualStreamTransformer.forward

    def leaky(self: DualStreamTransformer, *inputs: object) -> object:
        return forward(self, *(value if value != "asymmetric" else "full" for value in inputs))

    monkeypatch.setattr(DualStreamTransformer, "forward", leaky)
    with pytest.raises(ValueError, match="the HOI stream reaches the RGB output"):
        prove_rgb_only(Path(stage_two.weights), artifact, "asymmetric")


def test_the_proof_sees_an_artifact_of_other_weights(artifact: Path, stage_two: TrainedStage) -> None:
    weights = load_file(artifact / "model.safetensors")
    weights["rgb_head.output.bias"].add_(0.01)
    save_file(weights, artifact / "model.safetensors")
    with pytest.raises(ValueError, match="the artifact differs from stage two"):
        prove_rgb_only(Path(stage_two.weights), artifact, "asymmetric")


def test_the_proof_looks_at_what_was_trained(artifact: Path, stage_two: TrainedStage) -> None:
    with pytest.raises(ValueError, match="the HOI stream reaches the RGB output"):
        prove_rgb_only(Path(stage_two.weights), artifact, "full")


def test_the_proof_holds_in_bf16_and_the_artifact_runs_in_it(
    make_dual: MakeDual, make_stage: MakeStage, encoders: Encoders, configs: ArtifactConfigs, tmp_path: Path
) -> None:
    rounded = replace(configs, sampling=configs.sampling.model_copy(update={"precision": "bf16"}))
    stage = make_stage(make_dual(configs.network, configs.recipe))
    whole = export_artifact(tmp_path / "fp32", stage, encoders, configs)
    receipt = export_artifact(tmp_path / "bf16", stage, encoders, rounded)
    assert (whole.proof["precision"], receipt.proof["precision"]) == ("fp32", "bf16")
    assert receipt.proof["noise_swap"] == receipt.proof["nan"] == "same bits on 3 shapes"
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("fp32", "bf16")]
    assert sizes[1] < 0.65 * sizes[0]  # a time embedding in fp32 is a third of so small a network
    loaded = load_artifact(tmp_path / "bf16")
    assert loaded.network.blocks[0].get_submodule("self_attention").q.weight.dtype == torch.bfloat16
    assert loaded.network.time.project.weight.dtype == torch.float32
    given = inputs_of(configs.network)
    samples = [sample(load_artifact(tmp_path / name), given) for name in ("fp32", "bf16")]
    difference = (samples[1] - samples[0]).std() / samples[0].std()
    assert 0 < difference < 2e-2


def test_a_file_in_another_precision_is_refused(artifact: Path) -> None:
    file = artifact / "model.safetensors"
    weights = load_file(file)
    save_file({key: value.bfloat16() if ".q.weight" in key else value for key, value in weights.items()}, file)
    with pytest.raises(ValueError, match=r"q\.weight is not float32, as the precision of its network wants"):
        load_network(artifact)


def inputs_of(network: NetworkConfig) -> Conditions:
    torch.manual_seed(0)
    return Conditions(
        text_BLD=torch.randn(1, network.text_tokens, network.text_dim),
        person_BC1hw=torch.randn(1, network.latent_channels, 1, 6, 4),
        audio_BKAS=torch.randn(1, network.audio_layers, network.audio_dim, 8),
        product_BC1hw=torch.randn(1, network.latent_channels, 1, 6, 4),
    )


def sample(artifact: LoadedArtifact, given: Conditions) -> Tensor:
    noise = torch.randn(
        1, artifact.network.network.latent_channels, 2, 6, 4, generator=torch.Generator().manual_seed(1)
    )
    latents = sample_latents(artifact.network, given, artifact.empty_text_LD, artifact.sampling, noise)
    assert latents.dtype == torch.float32
    return latents
