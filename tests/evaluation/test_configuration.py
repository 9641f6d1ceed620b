"""Every shipped evaluation and gate file is valid, and every gate names metrics that exist."""

from pathlib import Path

import pytest
import yaml

from evaluation.contracts import EvaluationConfig, EvaluationReport, GateConfig
from evaluation.promotion_gate import decide

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize("file", sorted((CONF / "evaluation").glob("*.yaml")), ids=lambda file: file.stem)
def test_evaluation_files_are_valid(file: Path) -> None:
    config = EvaluationConfig.model_validate(yaml.safe_load(file.read_text()))
    assert config.variants[0] == "true"
    assert all(0 < level <= 1 for level in config.noise_levels)


@pytest.mark.parametrize("file", sorted((CONF / "gate").glob("*.yaml")), ids=lambda file: file.stem)
def test_gate_files_refuse_an_empty_report(file: Path) -> None:
    gate = GateConfig.model_validate(yaml.safe_load(file.read_text()))
    empty = EvaluationReport(
        artifact_digest="a", exam_digest="e", metrics={}, report_html="", contact_sheet="", folder=""
    )
    assert not decide(empty, empty, None, gate).passed
