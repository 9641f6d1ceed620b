"""git answers with its output, or its own words."""

from pathlib import Path

import pytest

from foundation.git import git


def test_it_answers_in_the_folder_that_is_named(tmp_path: Path) -> None:
    git("init", "-q", folder=tmp_path)
    assert Path(git("rev-parse", "--show-toplevel", folder=tmp_path).strip()) == tmp_path.resolve()


def test_a_refusal_is_in_its_own_words(tmp_path: Path) -> None:
    git("init", "-q", folder=tmp_path)
    with pytest.raises(ValueError, match=r"git rev-parse --verify nothing: .*nothing|Needed a single revision"):
        git("rev-parse", "--verify", "nothing", folder=tmp_path)
