"""Tables as other programs save them."""

from pathlib import Path

import pytest

from foundation.tables import read_table


def test_a_byte_order_mark_a_line_break_in_a_cell_and_windows_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes('\ufeffvideo,prompt\r\na.mp4,"one\ntwo\u2028three"\r\n\r\nb.mp4,ü\r\n'.encode())
    rows = [(3, {"video": "a.mp4", "prompt": "one\ntwo\u2028three"}), (5, {"video": "b.mp4", "prompt": "ü"})]
    assert read_table(file) == (["video", "prompt"], rows)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a,b\n1,2,3\n", "line 2: more or fewer cells"),
        (b"a,b\n1\n", "line 2: more or fewer cells"),
        (b"a,a\n1,2\n", "column a stands there twice"),
        (b"a\n\xff\n", "not UTF-8"),
        (b"a\n" + b"x" * 200_000 + b"\n", "line 2 is no CSV"),
    ],
)
def test_a_fault_names_the_place_and_the_fix(tmp_path: Path, content: bytes, fault: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ValueError, match=rf"t\.csv.*{fault}.*"):
        read_table(tmp_path / "t.csv")


def test_an_empty_file_has_no_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").touch()
    assert read_table(tmp_path / "t.csv") == ([], [])
