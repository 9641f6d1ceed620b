"""The digest of the code that computes: what changes it, and what does not, on a small project of its own."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from foundation import code_digest as module
from foundation.code_digest import closure, code_digest, libraries

TRAIN = """'Trains.'
from core.loss import loss

def run():
    import core.late
    return loss(2)
"""
LOSS = """'The loss.'
import numpy

WEIGHT = 1.0

def loss(x):
    'Doc.'
    return WEIGHT * x  # times
"""
FILES = {
    "core/__init__.py": "",
    "core/train.py": TRAIN,
    "core/loss.py": LOSS,
    "core/late.py": "import yaml\nLATE = 1\n",
    "core/unused.py": "import scipy\n",
    "core/curve.py": 'import scipy\nDOES_NOT_DECIDE = "draws the losses"\n',
    "core/page.html.j2": "<p>",
    "choices/__init__.py": "",
    "choices/first.py": "FIRST = 1\n",
    "choices/second.py": "from core.loss import WEIGHT\n",
}


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[str, str, str], str]]:
    """Replace a text in a file of the small project; gives the digest of core.train after it."""
    monkeypatch.setattr(module, "ROOT", tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def change(name: str = "core/loss.py", old: str = "", new: str = "") -> str:
        file = tmp_path / name
        text = file.read_text() if file.exists() else ""
        assert old in text
        file.write_text(text.replace(old, new) if old else text + new)
        forget()
        return code_digest("core.train")

    def forget() -> None:
        for remembered in (module._source, module._own_packages, module.code_digest):
            remembered.cache_clear()

    forget()
    yield change
    forget()


Edit = Callable[..., str]


def test_the_closure_follows_late_imports_and_parents(edit: Edit) -> None:
    edit()
    assert closure("core.train") == {"core", "core.train", "core.loss", "core.late"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("core/loss.py", "1.0", "2.0"),
        ("core/late.py", "LATE = 1", "LATE = 2"),
        ("core/train.py", "from core.loss", "import core.unused\nfrom core.loss"),
        ("core/page.html.j2", "<p>", "<div>"),
        ("core/train.py", "return", "'choices'; 'choices.first'; return"),
    ],
    ids=["constant", "late import", "new import", "template", "named in a string"],
)
def test_what_can_change_a_result_counts(edit: Edit, file: str, old: str, new: str) -> None:
    before = edit()
    assert edit(file, old, new) != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("core/loss.py", "# times", "# multiplied"),
        ("core/loss.py", "'Doc.'", "'Another text.'"),
        ("core/loss.py", "'The loss.'", "'How wrong it is.'"),
        ("core/loss.py", "WEIGHT * x", "(WEIGHT\n            * x)"),
        ("core/unused.py", "", "X = 1\n"),
    ],
    ids=["comment", "docstring", "module docstring", "layout", "a module nobody imports"],
)
def test_what_cannot_does_not(edit: Edit, file: str, old: str, new: str) -> None:
    before = edit()
    assert edit(file, old, new) == before


def test_a_module_that_only_draws_is_left_out_with_what_it_imports(edit: Edit) -> None:
    edit("core/train.py", "from core.loss", "import core.curve\nfrom core.loss")
    assert "core.curve" not in closure("core.train")
    before = edit()
    assert edit("core/curve.py", "", "COLOUR = 'red'\n") == before
    assert "scipy" not in libraries("core.train")
    edit("core/curve.py", 'DOES_NOT_DECIDE = "draws the losses"', "")
    assert "scipy" in libraries("core.train")


def test_a_folder_named_in_a_string_counts_with_every_choice_in_it(edit: Edit) -> None:
    edit("core/train.py", "return", "load('choices.x'); load('choices'); return")
    assert edit() != edit("core/train.py", "load('choices')", "load('none')")
    edit("core/train.py", "load('none')", "CHOICES = 'choices.first'")
    assert {"choices.first", "choices"} <= closure("core.train")
    assert "choices.second" not in closure("core.train")


def test_libraries_that_compute_count_by_version(edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    before = edit()
    assert set(libraries("core.train")) == {"python", "numpy"}, "yaml computes nothing"
    monkeypatch.setattr(module, "version", lambda _name: "0.0")
    code_digest.cache_clear()
    assert code_digest("core.train") != before


def test_the_digest_is_the_same_in_another_process(edit: Edit) -> None:
    assert edit() == code_digest("core.train")
    assert code_digest("core.train", "core.late") == code_digest("core.late", "core.train")
