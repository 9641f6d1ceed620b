"""The artifact loads as it was exported, and is refused whenever anything about it is wrong."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from foundation.digests import file_sha256
from model.artifact.export import ArtifactConfigs
from model.artifact.rgb_artifact import is_hoi, load_artifact
from model.artifact.verify import verify
from model.contracts import TrainedStage
from model.network.dual_stream_transformer import DualStreamTransformer


def rewrite(artifact: Path, name: str, change: Callable[[Path], None]) -> None:
    """Change a file and bring the manifest's hash up to date, as an attacker or a careless script would."""
    change(artifact / name)
    manifest = json.loads((artifact / "manifest.json").read_text())
    manifest["files"][name] = file_sha256(artifact / name)
    (artifact / "manifest.json").write_text(json.dumps(manifest))


def change_weights(change: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def apply(file: Path) -> None:
        weights = load_file(file)
        change(weights)
        save_file(weights, file)

    return apply


def test_hoi_keys_are_exactly_what_the_rgb_network_lacks(dual: DualStreamTransformer, configs: ArtifactConfigs) -> None:
    rgb = DualStreamTransformer(configs.network, configs.recipe, streams="rgb")
    assert {key for key in dual.state_dict() if is_hoi(key)} == set(dual.state_dict()) - set(rgb.state_dict())


def test_the_exported_artifact_carries_its_proof_and_loads(artifact: Path, stage_two: TrainedStage) -> None:
    loaded = load_artifact(artifact)
    assert loaded.network.streams == "rgb"
    assert not loaded.network.training
    assert loaded.manifest.stage_two_weights_sha256 == stage_two.weights_sha256
    assert loaded.manifest.proof["nan"] == "same bits on 3 shapes"
    assert loaded.manifest.proof["noise_swap"] == "same bits on 3 shapes"
    assert loaded.manifest.parameters == sum(p.numel() for p in loaded.network.parameters())
    assert verify(artifact, Path(stage_two.weights))["nan"] == "same bits on 3 shapes"


def test_a_changed_missing_or_added_file_is_named(artifact: Path) -> None:
    sampling = artifact / "sampling.json"
    original = sampling.read_bytes()
    sampling.write_bytes(original.replace(b"3", b"4", 1))
    with pytest.raises(ValueError, match=r"sampling\.json changed since its export.*export again"):
        load_artifact(artifact)
    sampling.unlink()
    with pytest.raises(ValueError, match=r"sampling\.json is missing"):
        load_artifact(artifact)
    sampling.write_bytes(original)
    (artifact / "model.pkl").write_bytes(b"cos\nsystem")
    with pytest.raises(ValueError, match=r"model\.pkl is not in the artifact's manifest"):
        load_artifact(artifact)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.update({"hoi_head.output.bias": torch.zeros(1)}), "holds HOI weights"),
        (lambda weights: weights.pop("rgb_head.output.bias"), "does not fit its network"),
        (lambda weights: weights["rgb_head.output.bias"].fill_(torch.inf), "holds NaN or infinity"),
    ],
)
def test_wrong_weights_under_a_right_hash_are_refused(
    artifact: Path, change: Callable[[dict[str, torch.Tensor]], None], message: str
) -> None:
    rewrite(artifact, "model.safetensors", change_weights(change))
    with pytest.raises(ValueError, match=message):
        load_artifact(artifact)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda training: training.pop(), "trained as stage_one: train stage_one, then stage_two"),
        (lambda training: training.pop(0), "trained as stage_two: train stage_one, then stage_two"),
        (lambda training: training[1].update(attention="full"), "stage_two was trained with full attention"),
        (lambda training: training[0].update(attention="asymmetric"), "stage_one was trained with asymmetric"),
        (lambda training: training[0].update(weights_sha256="z"), "did not start from this stage_one's weights"),
        (lambda training: training[0].update(recipe="z"), "trained with another recipe each"),
        (lambda training: training[1].update(weights_sha256="z"), "ended with other weights"),
    ],
)
def test_an_artifact_that_was_trained_in_another_way_is_refused(
    artifact: Path, change: Callable[[list[dict[str, object]]], None], message: str
) -> None:
    manifest = json.loads((artifact / "manifest.json").read_text())
    change(manifest["training"])
    (artifact / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=message):
        load_artifact(artifact)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '"word"', '{"format": 3}', "\u0000"])
def test_a_manifest_that_is_none_is_refused_in_one_line(artifact: Path, text: str) -> None:
    (artifact / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match=r"manifest\.json is (refused|damaged) .*: export again$") as error:
        load_artifact(artifact)
    assert "\n" not in str(error.value)


def test_other_encoder_weights_than_the_trained_ones_are_named(artifact: Path, tmp_path: Path) -> None:
    given = tmp_path / "umt5.safetensors"
    given.write_bytes(b"as trained with")
    manifest = json.loads((artifact / "manifest.json").read_text())
    manifest["given_weights"] = {str(given): file_sha256(given)}
    (artifact / "manifest.json").write_text(json.dumps(manifest))
    verify(artifact, None)
    given.write_bytes(b"another version")
    with pytest.raises(ValueError, match=r"umt5\.safetensors is not what the model was trained with"):
        verify(artifact, None)


def test_a_folder_that_is_no_artifact_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"manifest\.json is missing"):
        load_artifact(tmp_path)


def test_an_artifact_that_froze_guidance_passes_still_loads_and_does_not_decide_them(artifact: Path) -> None:
    def freeze(file: Path) -> None:
        file.write_text(json.dumps({**json.loads(file.read_text()), "guidance_passes": "two"}))

    before = load_artifact(artifact)
    rewrite(artifact, "sampling.json", freeze)
    assert load_artifact(artifact).sampling == before.sampling
    assert before.sampling.guidance_passes == "auto"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("conditioning.json", {"clip": {"frames": 9}}, r"conditioning\.json: clip\.frames_per_second: Field required"),
        ("conditioning.json", {"encoding": {"codec": 3}}, r"conditioning\.json: encoding\."),
        ("network.json", {"recipe": {}}, r"network\.json: recipe\."),
        ("sampling.json", {"noise": 3}, r"sampling\.json: noise: Extra inputs"),
    ],
)
def test_an_artifact_of_another_version_is_refused_in_one_line(
    name: str, change: dict[str, object], message: str, artifact: Path
) -> None:
    def write(file: Path) -> None:
        file.write_text(json.dumps({**json.loads(file.read_text()), **change}))

    rewrite(artifact, name, write)
    with pytest.raises(ValueError, match=rf"{message}.*another version of Graspline wrote it.*export again$") as error:
        load_artifact(artifact)
    assert "\n" not in str(error.value)


def test_an_artifact_of_another_format_is_refused(artifact: Path) -> None:
    manifest = json.loads((artifact / "manifest.json").read_text())
    (artifact / "manifest.json").write_text(json.dumps({**manifest, "format": "graspline-rgb-artifact-9"}))
    with pytest.raises(ValueError, match=r"has format graspline-rgb-artifact-9, this version reads .*-2: export again"):
        load_artifact(artifact)


def test_the_command_verifies_and_names_what_changed(artifact: Path, stage_two: TrainedStage) -> None:
    command = [sys.executable, "-m", "model.artifact.verify", str(artifact), "--weights", stage_two.weights]
    output = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    assert "nan: same bits on 3 shapes\n" in output
    assert output.endswith("ok\n")
    (artifact / "sampling.json").write_text("{}")
    failed = subprocess.run(command, check=False, capture_output=True, text=True)
    assert failed.returncode != 0
    assert "sampling.json changed" in failed.stderr.splitlines()[-1]
