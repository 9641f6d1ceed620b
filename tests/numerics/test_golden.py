"""The network gives the public code's numbers; a damaged or foreign golden file is refused."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.weights.parity import TOLERANCE, main, released_recipe, run_golden

GOLDEN = Path(__file__).parents[2] / "../shared/golden/released_tiny.safetensors"
pytestmark = pytest.mark.skipif(not GOLDEN.is_file(), reason=f"no golden file at {GOLDEN}")


def test_every_case_is_within_tolerance() -> None:
    comparisons = run_golden(GOLDEN, released_recipe())
    cases = {row.case for row in comparisons}
    assert len(cases) == 7
    assert sum(row.output == "hoi" for row in comparisons) == 3
    assert [row for row in comparisons if not row.max_relative <= TOLERANCE] == []


def test_command_prints_a_table_and_exits_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(GOLDEN)]) == 0
    assert "dual_asymmetric" in capsys.readouterr().out


def _copy(tmp_path: Path, change: str, value: torch.Tensor | None, **metadata: str) -> Path:
    from safetensors import safe_open

    tensors = load_file(GOLDEN)
    with safe_open(GOLDEN, framework="pt") as file:
        kept = dict(file.metadata()) | metadata
    del tensors[change]
    if value is not None:
        tensors[change] = value
    path = tmp_path / "golden.safetensors"
    save_file(tensors, path, kept)
    return path


def test_changed_weight_is_seen(tmp_path: Path) -> None:
    key = "weight.blocks.1.ffn.hand_expert.fc1.weight"
    path = _copy(tmp_path, key, load_file(GOLDEN)[key] * 1.01)
    assert main([str(path)]) == 1


def test_missing_weight_is_named(tmp_path: Path) -> None:
    path = _copy(tmp_path, "weight.blocks.1.depth_modulation", None)
    with pytest.raises(ValueError, match=r"1 missing keys: blocks\.1\.depth_modulation"):
        run_golden(path, released_recipe())


def test_nan_weight_is_named(tmp_path: Path) -> None:
    path = _copy(tmp_path, "weight.head.head.bias", torch.full((64,), float("nan")))
    with pytest.raises(ValueError, match=r"NaN or infinite weights.*head\.head\.bias"):
        run_golden(path, released_recipe())


def test_other_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'dit' is missing: a golden file of another version"):
        run_golden(_copy(tmp_path, "input.hand_mask", None, config=json.dumps({"model": {}})), released_recipe())
    with pytest.raises(ValueError, match="no such golden file"):
        run_golden(tmp_path / "absent.safetensors", released_recipe())
