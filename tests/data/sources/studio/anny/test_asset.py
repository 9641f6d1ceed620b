"""The studio's body file against Anny itself: built anew where Anny lives, it must be the one that is kept."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from data.sources.studio.anny.body import ASSET

ROOT = Path(__file__).parents[5]
PYTHON = ROOT / ".venv-annotators" / "bin" / "python"


@pytest.mark.end_to_end
@pytest.mark.skipif(not PYTHON.exists(), reason="Anny is in .venv-annotators: make setup-annotators")
def test_the_kept_body_is_what_anny_gives(tmp_path: Path) -> None:
    built = tmp_path / "built.safetensors"
    module = "data.sources.studio.anny.build"
    subprocess.run([PYTHON, "-m", module, built], cwd=ROOT, check=True, capture_output=True, timeout=600)
    kept, found = load_file(ASSET), load_file(built)
    assert kept.keys() == found.keys()
    for name in ("mean_N3", "heads_J3", "actions_AN3", "weights_NW"):
        assert np.abs(kept[name].astype(float) - found[name]).max() < 2e-3, name
    for name in ("faces_F3", "parents_J"):
        assert np.array_equal(kept[name], found[name]), name
    for person_N3 in found["shape_KN3"][:4].astype(float):  # a direction may come out mirrored
        flat = kept["shape_KN3"].reshape(len(kept["shape_KN3"]), -1).astype(float)
        left = person_N3.ravel() - flat.T @ np.linalg.lstsq(flat.T, person_N3.ravel(), rcond=None)[0]
        assert np.linalg.norm(left) < 0.02 * np.linalg.norm(person_N3)
