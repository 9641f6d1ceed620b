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


@pytest.mark.parametrize("name", ["a\0b.mp4", "half of a pair \ud800.mp4", "x" * 300, "a/" * 3000 + "b"])
def test_names_that_no_file_can_have_are_no_files(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name) is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-25.0", "0", "1e6", '"25"', "true"])
def test_a_rate_that_is_none_is_named_with_its_clip(deliver: Callable[..., Path], number: str) -> None:
    file = deliver() / "manifest.jsonl"
    line = file.read_text()
    changed = line.replace('"frames_per_second":25.0', f'"frames_per_second":{number}')
    assert changed != line
    file.write_text(changed)
    with pytest.raises(ValueError, match=r"line 1.*(no number|clip c0: field frames_per_second)"):
        read_manifest(file.parent)


def test_a_manifest_with_a_byte_order_mark_and_windows_line_ends_is_read(deliver: Callable[..., Path]) -> None:
    file = deliver(clips=2) / "manifest.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert [record.clip_id for record in read_manifest(file.parent)] == ["c0", "c1"]


def test_ids_are_read_in_one_spelling(deliver: Callable[..., Path]) -> None:
    (record,) = read_manifest(deliver(person_id="Zoe\u0308 ", product_id="\ufeffmug\u00a03\t"))
    assert (record.person_id, record.product_id) == ("Zo\u00eb", "mug 3")


def test_an_id_of_two_lines_is_named_with_its_line_and_clip(deliver: Callable[..., Path]) -> None:
    file = deliver() / "manifest.jsonl"
    file.write_text(file.read_text().replace('"nobody"', '"ann\\nben"'))
    with pytest.raises(ValueError, match=r"line 1, clip c0: field person_id: .*holds '\\n'.*'ann ben'.*fix"):
        read_manifest(file.parent)
