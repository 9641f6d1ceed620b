"""Only a stage two that was trained as the method says is exported, and always to the same bytes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import torch
from pydantic import ValidationError

from foundation.digests import folder_digest
from foundation.run_folder import RunFolder
from model.artifact.export import ArtifactConfigs, export_artifact, export_run
from model.artifact.rgb_artifact import load_artifact
from model.contracts import Ablation, Encoders, RgbArtifact, TrainedStage
from model.network.dual_stream_transformer import DualStreamTransformer
from tests.receipts import artifact_receipt

MakeStage = Callable[[DualStreamTransformer], TrainedStage]


def test_stage_one_is_not_exported(
    stage_two: TrainedStage, encoders: Encoders, configs: ArtifactConfigs, tmp_path: Path
) -> None:
    stage_one = stage_two.model_copy(update={"stage": "stage_one"})
    with pytest.raises(ValueError, match="from stage_one: only stage two can be exported"):
        export_artifact(tmp_path / "a", stage_one, encoders, configs)
    assert not (tmp_path / "a").exists()


def test_changed_stage_two_weights_are_not_exported(
    stage_two: TrainedStage, encoders: Encoders, configs: ArtifactConfigs, tmp_path: Path
) -> None:
    Path(stage_two.weights).write_bytes(Path(stage_two.weights).read_bytes() + b" ")
    with pytest.raises(ValueError, match="not the one in its receipt"):
        export_artifact(tmp_path / "a", stage_two, encoders, configs)


def test_nan_in_stage_two_is_not_exported(
    dual: DualStreamTransformer, make_stage: MakeStage, encoders: Encoders, configs: ArtifactConfigs, tmp_path: Path
) -> None:
    with torch.no_grad():
        dual.rgb_head.output.bias[0] = torch.nan
    with pytest.raises(ValueError, match=r"rgb_head\.output\.bias holds NaN"):
        export_artifact(tmp_path / "a", make_stage(dual), encoders, configs)
    assert not (tmp_path / "a").exists()


def test_the_artifact_carries_how_it_was_trained(artifact: Path, stage_two: TrainedStage) -> None:
    one, two = load_artifact(artifact).manifest.training
    assert (one.stage, one.attention, two.stage, two.attention) == ("stage_one", "full", "stage_two", "asymmetric")
    assert two.receipt == stage_two.history()[-1].receipt
    assert (two.seed, two.steps, two.recipe) == (stage_two.seed, stage_two.steps, stage_two.recipe)


def test_a_stage_two_that_was_trained_with_full_attention_is_not_exported(
    stage_two: TrainedStage, encoders: Encoders, configs: ArtifactConfigs, tmp_path: Path
) -> None:
    ablation = stage_two.model_copy(update={"attention": "full"})
    with pytest.raises(
        ValueError, match=r"stage_two was trained with full attention.*train without training\.ablation"
    ):
        export_artifact(tmp_path / "a", ablation, encoders, configs)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("arm", get_args(Ablation))
def test_no_arm_of_an_ablation_is_exported(
    arm: Ablation, stage_two: TrainedStage, encoders: Encoders, configs: ArtifactConfigs, tmp_path: Path
) -> None:
    marked = stage_two.model_copy(update={"ablation": arm})
    with pytest.raises(ValueError, match=rf"as the arm {arm} of an ablation.*train without training\.ablation"):
        export_artifact(tmp_path / "a", marked, encoders, configs)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("arm", get_args(Ablation))
def test_no_receipt_of_an_artifact_names_an_arm(arm: Ablation, stage_two: TrainedStage) -> None:
    """So none can be registered or promoted, whatever wrote the file."""
    receipt = artifact_receipt("f", "d").model_dump(mode="json")
    RgbArtifact.model_validate(receipt)
    receipt["training"][1]["ablation"] = arm
    with pytest.raises(ValidationError, match=f"stage_two was trained as the arm {arm} of an ablation"):
        RgbArtifact.model_validate(receipt)


def request_export(tmp_path: Path, stage_two: TrainedStage, encoders: Encoders, configs: ArtifactConfigs) -> RunFolder:
    run = RunFolder(tmp_path / "runs" / "export-1")
    sections = ("network", "recipe", "encoding", "sampling", "clip")
    run.write_request(
        {name: getattr(configs, name).model_dump(mode="json") for name in sections},
        {"stage_two": stage_two.model_dump(mode="json"), "encoders": encoders.model_dump(mode="json")},
    )
    return run


def test_export_answers_in_its_run_folder(
    tmp_path: Path, stage_two: TrainedStage, encoders: Encoders, configs: ArtifactConfigs
) -> None:
    run = request_export(tmp_path, stage_two, encoders, configs)
    export_run(run)
    receipt = RgbArtifact.model_validate(run.result())
    assert receipt.digest == folder_digest(Path(receipt.folder))
    loaded = load_artifact(Path(receipt.folder))
    assert loaded.network.network.dim == configs.network.dim
    assert loaded.clip == configs.clip


def test_what_decides_no_pixel_is_no_part_of_the_artifact(
    tmp_path: Path, stage_two: TrainedStage, encoders: Encoders, configs: ArtifactConfigs
) -> None:
    sampling = configs.sampling.model_copy(update={"guidance_passes": "two"})
    clip = configs.clip.model_copy(update={"lossless": False})
    first = export_artifact(tmp_path / "a", stage_two, encoders, configs)
    second = export_artifact(tmp_path / "b", stage_two, encoders, replace(configs, sampling=sampling, clip=clip))
    assert first.digest == second.digest
    assert "guidance_passes" not in (tmp_path / "a" / "sampling.json").read_text()
    other = replace(configs, sampling=configs.sampling.model_copy(update={"steps": 7}))
    assert export_artifact(tmp_path / "c", stage_two, encoders, other).digest != first.digest
