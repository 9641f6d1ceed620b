"""The two ends of a run folder, for entry points that are shipped and so may not import the data layer.

Same protocol as foundation.run_folder: config.yaml and inputs.json in, result.json out, written last and whole.
"""

import json
import os
from pathlib import Path
from typing import Any

import yaml


def read_order(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """config.yaml and inputs.json of a run folder.

    Raises:
        ValueError: the folder was not ordered.
    """
    config, inputs = run / "config.yaml", run / "inputs.json"
    for file in (config, inputs):
        if not file.exists():
            raise ValueError(f"{file} is missing: the launcher writes it before it starts this process")
    return yaml.safe_load(config.read_text()), json.loads(inputs.read_text())


def write_result(run: Path, result: dict[str, Any]) -> None:
    """result.json with this run's id, whole or not at all."""
    temporary = run / f".result.json.{os.getpid()}"
    with temporary.open("w") as handle:
        json.dump({"run_id": run.resolve().name, **result}, handle, indent=1)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(run / "result.json")
