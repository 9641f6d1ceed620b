"""Export stage two's RGB stream as a self-contained artifact, and prove that it never needed the other stream.

    python -m model.artifact.export runs/<id>

Reads config.yaml (network, recipe, encoding, sampling, clip) and inputs.json (stage_two, encoders); writes
runs/<id>/rgb_artifact and result.json (RgbArtifact). The folder gets its name only after its proof has passed.
"""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load_file, save_file

from foundation.clip_format import ClipFormat
from foundation.digests import file_sha256, folder_digest
from foundation.fingerprint import deciding
from foundation.progress import report_progress
from foundation.run_folder import RunFolder
from foundation.state_file import read_state
from model.artifact.proof import prove_rgb_only
from model.artifact.rgb_artifact import (
    CONDITIONING,
    EMPTY_TEXT,
    FORMAT,
    MANIFEST,
    NETWORK,
    NOT_OF_A_MODEL,
    SAMPLING,
    WEIGHTS,
    ArtifactManifest,
    conditioning_digest,
    is_hoi,
    load_artifact,
)
from model.conditioning.build import fitted_files
from model.contracts import (
    Encoders,
    EncodingConfig,
    NetworkConfig,
    RecipeConfig,
    RgbArtifact,
    SamplingConfig,
    TrainedStage,
)
from model.contracts.method import Shipped, TrainingHistory
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.stored_precision import store_matrices


@dataclass(frozen=True)
class ArtifactConfigs:
    """What the artifact needs to know about itself."""

    network: NetworkConfig
    recipe: RecipeConfig
    encoding: EncodingConfig
    clip: ClipFormat
    sampling: SamplingConfig


def export_run(run: RunFolder) -> RgbArtifact:
    """Export what the run folder asks for. ValueError: see export_artifact."""
    configs = ArtifactConfigs(
        network=run.section("network", NetworkConfig),
        recipe=run.section("recipe", RecipeConfig),
        encoding=run.section("encoding", EncodingConfig),
        clip=run.section("clip", ClipFormat),
        sampling=run.section("sampling", SamplingConfig),
    )
    stage, encoders = run.input("stage_two", TrainedStage), run.input("encoders", Encoders)
    artifact = export_artifact(run.path / "rgb_artifact", stage, encoders, configs)
    run.finish(artifact.model_dump(mode="json"))
    return artifact


def export_artifact(folder: Path, stage: TrainedStage, encoders: Encoders, configs: ArtifactConfigs) -> RgbArtifact:
    """Write and prove the artifact.

    Args:
        folder: where it goes; an older one in its place is replaced.
        stage: stage two's receipt.
        encoders: the receipt of the encoders that the training clips were encoded with.
        configs: of this run.

    Raises:
        ValueError: not stage two, not trained as the method says, its weights changed, a proof fails.
    """
    if stage.stage != "stage_two":
        raise ValueError(f"{stage.weights} is from {stage.stage}: only stage two can be exported; train it first")
    weights = Path(stage.weights)
    if not weights.exists() or file_sha256(weights) != stage.weights_sha256:
        raise ValueError(f"{weights} is missing or not the one in its receipt: train stage two again")
    history = _shippable(stage)
    staged = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    report_progress(0, 3, "writing the RGB stream")
    parameters = _write_parts(staged, weights, Path(encoders.folder), configs)
    report_progress(1, 3, "proving that it does not depend on the HOI stream")
    proof = prove_rgb_only(weights, staged, stage.attention)
    shipped = Shipped(stage_two_weights_sha256=stage.weights_sha256, training=history)
    manifest = _write_manifest(staged, shipped, encoders, parameters, proof)
    report_progress(2, 3, "loading it from its folder alone")
    load_artifact(staged)
    shutil.rmtree(folder, ignore_errors=True)
    staged.rename(folder)
    report_progress(3, 3, f"exported {parameters:,} parameters; artifact and stage two: {proof['artifact']}")
    return RgbArtifact(
        folder=str(folder),
        digest=folder_digest(folder),
        stage_two_weights=stage.weights,
        **dict(shipped),
        proof=proof,
        parameters=parameters,
        conditioning_digest=conditioning_digest(manifest),
        train_digest=stage.train_digest,
    )


def _shippable(stage: TrainedStage) -> TrainingHistory:
    try:
        return TypeAdapter(TrainingHistory).validate_python(stage.history())
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"{stage.run} cannot be exported: {reason}") from error


def _write_manifest(
    staged: Path, shipped: Shipped, encoders: Encoders, parameters: int, proof: dict[str, str]
) -> ArtifactManifest:
    """The manifest of all files in the folder."""
    manifest = ArtifactManifest(
        format=FORMAT,
        **dict(shipped),
        encoders_digest=encoders.digest,
        given_weights=_given_weights(Path(encoders.folder)),
        parameters=parameters,
        proof=proof,
        files={file.name: file_sha256(file) for file in sorted(staged.iterdir())},
    )
    _write_json(staged / MANIFEST, manifest.model_dump(mode="json"))
    return manifest


def _given_weights(encoders: Path) -> dict[str, str]:
    fix = "fit the encoders again (python -m model.encoding.fit_encoders)"
    return read_state(encoders / "encoders.json", dict[str, Any], fix)["weights_sha256"]


def _write_parts(staged: Path, weights: Path, encoders: Path, configs: ArtifactConfigs) -> int:
    """Everything but the manifest; returns the number of parameters."""
    kinds = _stored_kinds(configs)
    rgb = {key: value.to(kinds[key]) for key, value in load_file(weights).items() if not is_hoi(key)}
    save_file(rgb, staged / WEIGHTS)
    _write_json(staged / NETWORK, {"network": configs.network.model_dump(), "recipe": configs.recipe.model_dump()})
    clip = configs.clip.model_dump(exclude=NOT_OF_A_MODEL)
    _write_json(staged / CONDITIONING, {"encoding": configs.encoding.model_dump(), "clip": clip})
    _write_json(staged / SAMPLING, deciding(configs.sampling))
    for name in (EMPTY_TEXT, *fitted_files(configs.encoding)):
        if not (encoders / name).exists():
            raise ValueError(
                f"{encoders / name} is missing: fit the encoders again (python -m model.encoding.fit_encoders)"
            )
        shutil.copyfile(encoders / name, staged / name)
    return sum(value.numel() for value in rgb.values())


def _stored_kinds(configs: ArtifactConfigs) -> dict[str, torch.dtype]:
    """What each of the RGB stream's weights is stored in."""
    with torch.device("meta"):
        network = DualStreamTransformer(configs.network, configs.recipe, streams="rgb")
    store_matrices(network, configs.sampling.precision)
    return {key: value.dtype for key, value in network.state_dict().items()}


def _write_json(file: Path, value: dict[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    export_run(RunFolder(Path(sys.argv[1])))
