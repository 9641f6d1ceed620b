"""The proof holds for every network and recipe, and sees an RGB stream that looks at the HOI stream."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from safetensors.torch import load_file, save_file

from model.artifact.export import ArtifactConfigs, export_artifact
from model.artifact.proof import prove_rgb_only
from model.contracts import Encoders, NetworkConfig, RecipeConfig, TrainedStage
from model.network.dual_stream_transformer import DualStreamTransformer

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
