"""A line ends at a line feed and nowhere else; a torn last line of a growing file is no line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.json_lines import append_line, as_json, read_json_lines, read_lines, write_lines

FAST = settings(
    derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT = st.text(max_size=30) | st.sampled_from(["\u2028", "a\u0085b", "\ufeff", "\x1c", "\r\n", "\x00", '"\\', "\x0b"])
VALUES = st.lists(st.dictionaries(TEXT, TEXT | st.integers() | st.none(), max_size=4), max_size=5)


@FAST
@given(VALUES)
def test_any_text_comes_back_from_a_file_written_at_once_or_line_by_line(tmp_path: Path, values: list[Any]) -> None:
    whole, grown = tmp_path / "whole.jsonl", tmp_path / "grown.jsonl"
    write_lines(whole, map(as_json, values))
    grown.unlink(missing_ok=True)
    for value in values:
        append_line(grown, as_json(value))
    for file in (whole, grown):
        assert [value for _, value in read_json_lines(file)] == values
    assert not values or whole.read_bytes() == grown.read_bytes()


@FAST
@given(VALUES.filter(bool), st.data())
def test_a_line_cut_short_anywhere_is_dropped_and_the_next_one_is_whole(
    tmp_path: Path, values: list[Any], data: st.DataObject
) -> None:
    file = tmp_path / "grown.jsonl"
    write_lines(file, map(as_json, values))
    whole = file.read_bytes()
    last = len(as_json(values[-1]).encode()) + 1
    cut = data.draw(st.integers(1, last))
    file.write_bytes(whole[:-cut])
    kept = values if cut == 1 else values[:-1]
    assert [value for _, value in read_json_lines(file, appended=True)] == kept
    append_line(file, as_json({"next": "é"}))
    assert [value for _, value in read_json_lines(file)] == [*kept, {"next": "é"}]


def test_a_long_torn_line_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "grown.jsonl"
    file.write_bytes(b'{"a": 1}\n{"b": "' + b"x" * 200_000)
    append_line(file, as_json({"c": 3}))
    assert file.read_bytes() == b'{"a": 1}\n{"c": 3}\n'


def test_zeros_that_a_crashed_disk_left_are_a_torn_line(tmp_path: Path) -> None:
    file = tmp_path / "grown.jsonl"
    file.write_bytes(b'{"a": 1}\n\x00\x00\x00')
    assert read_json_lines(file, appended=True) == [(1, {"a": 1})]


def test_a_mark_of_the_byte_order_and_windows_line_ends_are_skipped(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"b": "\xc3\xa9"}\r\n')
    assert read_json_lines(file) == [(1, {"a": 1}), (3, {"b": "é"})]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"a": 1}\n{"b": \n', "line 2: not JSON.*one JSON object a line"),
        (b'{"a": "n\xe9"}\n', "not UTF-8 .byte 8.: save it as UTF-8"),
        (b"\xff\xfe{\x00}\x00\n\x00", "not UTF-8"),
        (b"[" * 200_000, "line 1: not JSON"),
        (b'{"a": NaN}\n', "line 1: not JSON .NaN is no number"),
        (b'{"a": 1}\n{"a": [-Infinity]}\n', "line 2: not JSON .-Infinity is no number"),
        (rb'{"a": "held \uD83D up"}', r"line 1: not JSON .character 13 is \\ud83d, half of a surrogate pair"),
    ],
)
def test_a_fault_names_the_file_the_line_and_the_fix(tmp_path: Path, content: bytes, fault: str) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(ValueError, match=rf"x\.jsonl.*{fault}"):
        read_json_lines(tmp_path / "x.jsonl")


def test_both_halves_of_a_pair_are_a_character(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(rb'{"a": "\ud83e\uddf4"}')
    assert read_json_lines(tmp_path / "x.jsonl") == [(1, {"a": "\N{LOTION BOTTLE}"})]


def test_no_file_has_no_line(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "none.jsonl") == []


def test_what_is_no_number_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        as_json({"x": float("nan")})
    assert json.loads(as_json("ü\n")) == "ü\n"
