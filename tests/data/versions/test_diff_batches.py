"""Added, removed, changed by field: media by their bytes, everything else by its value."""

from collections.abc import Callable
from pathlib import Path

from data.clips.manifest import read_manifest
from data.versions.diff_batches import BatchVersion, diff_batches


def test_every_kind_of_change_is_told_by_field(deliver: Callable[..., Path]) -> None:
    records = read_manifest(deliver(4))
    files = {name: f"md5 of {name}" for record in records for name in (record.video, record.hoi_video, record.audio)}
    files |= {name: f"md5 of {name}" for record in records for name in (record.person_image, str(record.product_image))}
    old = BatchVersion("b@HEAD~1", records[:3], files)
    prompt = records[0].model_copy(update={"prompt": "Somebody else moves.", "boxes": {}})
    moved = records[1].model_copy(update={"video": "elsewhere.mp4"})
    new_files = {**files, "elsewhere.mp4": files[records[1].video], records[0].video: "other bytes"}
    found = diff_batches(old, BatchVersion("b", [prompt, moved, records[3]], new_files))
    assert found.added == ["c3"]
    assert found.removed == ["c2"]
    assert found.changed == {"c0": ["prompt", "video", "boxes"]}
    assert found.unchanged == 1, "a file that moved with its bytes is not a change"
    assert found.by_field() == {"prompt": 1, "video": 1, "boxes": 1}


def test_a_batch_equals_itself(deliver: Callable[..., Path]) -> None:
    version = BatchVersion("b", read_manifest(deliver(2)), {})
    assert diff_batches(version, version) == ([], [], {}, 2)
