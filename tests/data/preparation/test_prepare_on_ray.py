"""A cluster of two machines on loopback, one of which is lost in the middle: not a clip is lost, not a byte differs."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest

from data.clips.manifest import read_manifest
from data.preparation.prepare_clip import ClipJob
from data.preparation.prepared_memory import Done, prepare_and_hash
from foundation.clip_format import ClipFormat
from foundation.failures import ClipError
from foundation.map_items import LOOPBACK, Spread, map_items

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is an extra: run `make setup-extras`"),
]
CLIPS, LOST_AFTER = 120, 20


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two machines of one core each, as far as Ray can tell; all of it on loopback, nothing told to anybody."""
    for name, value in {"RAY_USAGE_STATS_ENABLED": "0", **LOOPBACK}.items():
        monkeypatch.setenv(name, value)
    before = {process.pid for process in psutil.process_iter()}
    machine = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "node_ip_address": "127.0.0.1"}
    two = import_module("ray.cluster_utils").Cluster(
        initialize_head=True, head_node_args={**machine, "include_dashboard": False}
    )
    two.second = two.add_node(**machine)
    two.wait_for_nodes()
    yield two
    two.shutdown()
    _, left = psutil.wait_procs(_ray_processes(before), timeout=20)
    assert not left, f"processes left behind: {left}"


def jobs(raw: Path, prepared: Path, clip: ClipFormat) -> list[ClipJob]:
    """Many clips of the same few files."""
    records = read_manifest(raw)
    many = [records[at % len(records)].model_copy(update={"clip_id": f"c{at:04d}"}) for at in range(CLIPS)]
    return [ClipJob(record, raw, prepared, clip, (25.0,)) for record in many]


def test_a_lost_machine_costs_no_clip_and_no_byte(
    cluster: Any, deliver: Callable[..., Path], clip_format: ClipFormat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    raw = deliver(4).relative_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    found: dict[str, list[Done | ClipError]] = {"processes": [], "ray": []}
    for kind, spread in (
        ("processes", Spread(processes=2)),
        ("ray", Spread("ray", ray_address=cluster.address)),
    ):
        for done in map_items(prepare_and_hash, jobs(raw, Path(kind), clip_format), spread):
            found[kind].append(done)
            if kind == "ray" and len(found[kind]) == LOST_AFTER:
                cluster.remove_node(cluster.second, allow_graceful=False)
    assert len(cluster.list_all_nodes()) == 1
    assert len(list(Path("ray").glob("clips/*/rgb.mp4"))) == CLIPS
    assert found["ray"] == found["processes"], "the same records, facts and hashes, in the same order"


def _ray_processes(before: set[int]) -> list[psutil.Process]:
    ours = [process for process in psutil.process_iter(["cmdline"]) if process.pid not in before]
    words = {process: process.info["cmdline"] or () for process in ours}  # None of one that is just ending
    return [process for process in ours if any("/ray/" in word or "ray::" in word for word in words[process])]
