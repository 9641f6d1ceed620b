"""The Dagster code location: one graph, two jobs that cover it, one schedule, one sensor."""

from pathlib import Path

import dagster as dg
import pytest

from foundation.home import DAGSTER_YAML, TRAINS
from orchestration.assets import BATCHES
from orchestration.automation import arrived_batches
from orchestration.commands.run_pipeline import Pipeline
from orchestration.definitions import FLOW, defs

ALL = {asset.key.to_user_string() for asset in FLOW}
PARTITIONED = {"raw_batch", "prepared_batch", "encoded_batch"}
EDGES = {
    "raw_batch": set(),
    "prepared_batch": {"raw_batch"},
    "encoders": {"prepared_batch"},
    "encoded_batch": {"prepared_batch", "encoders"},
    "training_set": {"encoded_batch"},
    "stage_one": {"training_set"},
    "stage_two": {"training_set", "stage_one"},
    "rgb_artifact": {"stage_two", "encoders", "training_set"},
    "generated_samples": {"rgb_artifact", "training_set"},
    "evaluation_report": {"generated_samples", "rgb_artifact", "training_set"},
    "registered_candidate": {"rgb_artifact", "evaluation_report"},
    "promotion_decision": {"registered_candidate", "training_set"},
    "champion": {"promotion_decision", "registered_candidate"},
}


def names(keys: "frozenset[dg.AssetKey] | set[dg.AssetKey]") -> set[str]:
    return {key.to_user_string() for key in keys}


def members(job: str) -> set[str]:
    return names(set(defs.resolve_job_def(job).asset_layer.selected_asset_keys))


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def test_the_graph_is_the_one_drawn() -> None:
    graph = defs.resolve_asset_graph()
    assert {node.key.to_user_string(): names(node.parent_keys) for node in graph.asset_nodes} == EDGES


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        ("key:training_set+", ALL - PARTITIONED - {"encoders"}),
        ("+key:encoded_batch", PARTITIONED | {"encoders"}),
        ("key:stage_two+1", {"stage_two", "rgb_artifact"}),
        ("group:release", {"rgb_artifact", "registered_candidate", "promotion_decision", "champion"}),
        ("kind:dvc and not key:encoders", PARTITIONED),
    ],
)
def test_string_selections_work(selection: str, wanted: set[str]) -> None:
    """They parse with antlr, which Hydra's release pins to another version: see DESIGN, facts about the tools."""
    graph = defs.resolve_asset_graph()
    assert names(dg.AssetSelection.from_string(selection).resolve(graph)) == wanted


def test_the_jobs_cover_every_asset_once() -> None:
    ingest, retrain = members("ingest_batch"), members("retrain")
    assert ingest == PARTITIONED
    assert ingest & retrain == set()
    assert ingest | retrain == ALL
    assert defs.resolve_job_def("ingest_batch").partitions_def == BATCHES
    assert defs.resolve_job_def("retrain").partitions_def is None


def test_the_command_line_materialises_everything_once_in_the_order_of_the_flow(instance: dg.DagsterInstance) -> None:
    phases = [[key.to_user_string() for key in phase] for phase in Pipeline(defs, instance).phases()]
    assert phases[:3] == [["raw_batch", "prepared_batch"], ["encoders"], ["encoded_batch"]]
    assert sorted(asset for phase in phases for asset in phase) == sorted(ALL)
    done: set[str] = set()
    for phase in phases:
        assert all(EDGES[asset] <= done | set(phase) for asset in phase)
        assert {asset in PARTITIONED for asset in phase} in ({True}, {False})
        done |= set(phase)


def test_what_nothing_may_pass_blocks() -> None:
    graph = defs.resolve_asset_graph()
    checks = {(key.asset_key.to_user_string(), key.name): graph.get_check_spec(key) for key in graph.asset_check_keys}
    assert {key: spec.blocking for key, spec in checks.items()} == {
        ("prepared_batch", "clips_are_valid"): True,
        ("rgb_artifact", "rgb_stream_stands_alone"): True,
        ("promotion_decision", "gate_passed"): False,  # a refusal is a result: `champion` writes it down
    }


def test_the_schedule_retrains_every_week() -> None:
    schedule = defs.resolve_schedule_def("weekly_retraining")
    assert schedule.job_name == "retrain"
    assert schedule.cron_schedule == "0 3 * * 1"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED, "a clone must not start training by itself"


def test_the_sensor_rests_where_nothing_arrived(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = defs.resolve_sensor_def("new_batch")(dg.build_sensor_context(instance=instance))
    assert isinstance(asked, dg.SensorResult)
    assert not asked.run_requests
    assert not asked.dynamic_partitions_requests
    assert asked.skip_reason
    assert asked.skip_reason.skip_message == "no delivery in datasets/raw"


def test_one_run_trains_at_a_time_and_one_that_was_lost_is_continued_once(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(DAGSTER_YAML)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert not instance.telemetry_enabled
        assert instance.get_concurrency_config().run_queue_config.tag_concurrency_limits == [
            {"key": TRAINS, "limit": 1}
        ]
        assert (instance.run_monitoring_enabled, instance.run_retries_max_retries) == (True, 1)
        assert not instance.run_retries_retry_on_asset_or_op_failure
    assert defs.resolve_job_def("retrain").tags[TRAINS] == "yes"
    assert TRAINS not in defs.resolve_job_def("ingest_batch").tags


def test_a_folder_without_a_manifest_is_still_being_copied(tmp_path: Path) -> None:
    for batch in ("b", "a", "unfinished"):
        (tmp_path / batch).mkdir()
    (tmp_path / "a/manifest.jsonl").touch()
    (tmp_path / "b/manifest.jsonl").touch()
    assert arrived_batches(tmp_path) == ["a", "b"]
