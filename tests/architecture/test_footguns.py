"""The released pipeline's ten footguns: docs/footguns.md names a test for each; three that are not data are here."""

import ast
import re
from pathlib import Path

import grimp
import pytest
import yaml

from model.contracts import DeepSpeedConfig
from model.training.deepspeed_engine import check_deepspeed
from orchestration.configuration.load_config import load_sections
from orchestration.definitions import defs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/footguns.md").read_text()
ROWS = {int(found[1]): found[0] for found in re.finditer(r"^\| (\d+) \|.*$", PAGE, re.MULTILINE)}
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))


def test_all_ten_are_listed_each_with_a_test() -> None:
    assert sorted(ROWS) == list(range(1, 11))
    assert all("::test_" in row for row in ROWS.values())


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_the_named_test_exists(file: str, name: str) -> None:
    tests = {node.name for node in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(node, ast.FunctionDef)}
    assert name in tests


@pytest.mark.parametrize("file", sorted((ROOT / "conf/deepspeed").glob("*.yaml")), ids=lambda file: file.stem)
def test_7_no_deepspeed_file_offloads_what_its_stage_cannot(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = DeepSpeedConfig.model_validate(yaml.safe_load(file.read_text()))
    monkeypatch.setenv("WORLD_SIZE", str(config.processes))
    check_deepspeed(config)
    with pytest.raises(ValueError, match=r"offload_parameters: .*deepspeed\.zero_stage=3"):
        DeepSpeedConfig.model_validate(config.model_dump() | {"zero_stage": 2, "offload_parameters": True})


@pytest.mark.parametrize("choice", sorted(file.stem for file in (ROOT / "conf/training").glob("*.yaml")))
def test_9_stage_two_is_asymmetric_everywhere_and_part_of_the_flow(choice: str) -> None:
    training = load_sections([f"training={choice}"]).training
    stages = [training.of_stage(name).attention for name in ("stage_one", "stage_two")]
    assert stages == ["full", "asymmetric"]
    flow = [key.to_user_string() for key in defs.resolve_asset_graph().toposorted_asset_keys]
    assert flow.index("stage_one") < flow.index("stage_two") < flow.index("rgb_artifact")


def test_10_training_reaches_no_encoder() -> None:
    graph = grimp.build_graph("foundation", "data", "model", "evaluation", "orchestration", cache_dir=None)
    for encoder in ("model.conditioning", "model.encoding.encode_clips", "foundation.media_files"):
        chain = graph.find_shortest_chain("model.training", encoder, as_packages=True)
        assert chain is None, " -> ".join(chain or ())
    assert graph.find_shortest_chain("model.encoding.encode_clips", "model.conditioning", as_packages=True)
