from collections.abc import Callable
from pathlib import Path

import pytest

from data.clips.manifest import inside, read_manifest, write_manifest


def test_what_is_written_is_read(deliver: Callable[..., Path]) -> None:
    folder = deliver(clips=2)
    records = read_manifest(folder)
    write_manifest(folder, records)
    assert read_manifest(folder) == records
    assert [record.clip_id for record in records] == ["c0", "c1"]
    assert records[0].boxes[2].face == (2, 2, 12, 12)
    assert records[0].boxes[2].right_hand is None


def test_a_wrong_field_is_named_with_its_line_and_clip(deliver: Callable[..., Path]) -> None:
    file = deliver(clips=2) / "manifest.jsonl"
    lines = file.read_text().splitlines()
    file.write_text(lines[0] + "\n\n" + lines[1].replace('"prompt"', '"prompts"') + "\n")
    with pytest.raises(ValueError, match=r"line 3, clip c1: .*field prompt: Field required.*field prompts.*fix"):
        read_manifest(file.parent)


def test_a_broken_line_is_named(deliver: Callable[..., Path]) -> None:
    file = deliver() / "manifest.jsonl"
    file.write_text(file.read_text() + '{"clip_id": "c1", \n')
    with pytest.raises(ValueError, match="line 2: not JSON"):
        read_manifest(file.parent)


@pytest.mark.parametrize("text", [None, "", "\n \n"])
def test_no_clip_is_an_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.jsonl").write_text(text)
    with pytest.raises(ValueError, match="deliver the batch again"):
        read_manifest(tmp_path)


def test_names_that_leave_the_folder_are_no_files_of_it(tmp_path: Path) -> None:
    assert inside(tmp_path, "a/b.mp4") == tmp_path / "a/b.mp4"
    assert inside(tmp_path, "../b.mp4") is None
    assert inside(tmp_path, "/etc/hostname") is None
    (tmp_path / "link").symlink_to("/etc")
    assert inside(tmp_path, "link/hostname") is None
