"""A state file holds what it should, or is refused in one line with its fix."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from foundation.state_file import read_state


class State(BaseModel, extra="forbid"):
    step: int
    name: str


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text('{"step": 3, "name": "ä\u2028"}', encoding="utf-8")
    assert read_state(file, State, "again") == State(step=3, name="ä\u2028")
    assert read_state(file, dict[str, int | str], "again") == {"step": 3, "name": "ä\u2028"}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(content=st.one_of(st.binary(max_size=40), st.text(max_size=20).map(lambda text: text.encode("utf-8", "ignore"))))
def test_anything_else_is_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("state") / "state.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"state\.json is damaged \(.*\): make it again$") as error:
        read_state(file, State, "make it again")
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "named"), [('{"step": "x", "name": "n"}', "step: "), ('{"name": "n"}', "step: "), ("[]", "")]
)
def test_the_field_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=rf"state\.json is damaged \({named}"):
        read_state(file, State, "make it again")


def test_a_missing_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"state\.json is missing: make it again"):
        read_state(tmp_path / "state.json", State, "make it again")
