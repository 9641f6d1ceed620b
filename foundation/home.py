"""registry/: what outlives runs (Dagster's and MLflow's storage, receipts, the ledger), and the project's root."""

import os
import sys
from io import TextIOWrapper
from pathlib import Path

from foundation.whole_file import write_whole

ROOT = Path(__file__).resolve().parents[1]
DAGSTER_HOME = Path("registry/dagster")

TRAINS = "graspline/trains"  # tag of a job that trains: one such run at a time, the others are queued
DAGSTER_YAML = f"""\
telemetry:
  enabled: false
concurrency:
  runs:
    tag_concurrency_limits:
      - key: {TRAINS}
        limit: 1
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
# a run whose process died is continued, once; a step that failed with a message of its own is not tried again
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
"""


def enter() -> None:
    """Work in the project's root with Dagster's home inside it and every tool's telemetry off.

    Called once by each entry point, before any tool is imported.
    """
    os.chdir(ROOT)
    DAGSTER_HOME.mkdir(parents=True, exist_ok=True)
    file = DAGSTER_HOME / "dagster.yaml"
    if not file.exists():
        write_whole(file, DAGSTER_YAML)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a locale without UTF-8 must not end a run for a letter
            stream.reconfigure(errors="backslashreplace")
    os.environ["DAGSTER_HOME"] = str(DAGSTER_HOME.resolve())
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_ALLOW_MODEL_CODE_EXECUTION"] = "false"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")  # a server that is not there: seconds, not minutes
