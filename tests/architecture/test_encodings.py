"""Text is UTF-8 by name: ruff's PLW1514 sees `open`, this test what it cannot: methods of paths, child processes."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("foundation", "data", "model", "evaluation", "orchestration", "benchmarks", "graspline")
NO_TEXT = {"av", "Image", "wave", "os"}  # whose `open` opens no text file
PLACES = {"read_text": 0, "write_text": 1, "open": 2}  # where an encoding without its name would stand


def without_encoding(code: str) -> Iterator[int]:
    """The lines of a module that read or write text in whatever encoding the machine has."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        named = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
        if "encoding" not in named and (named.get("text") or named.get("universal_newlines")):
            yield node.lineno
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if method not in PLACES or getattr(getattr(node.func, "value", None), "id", "") in NO_TEXT:
            continue
        mode = named.get("mode") or (node.args and method == "open" and getattr(node.args[0], "value", "r")) or "r"
        if "encoding" not in named and "b" not in str(mode):
            yield node.lineno


def test_every_text_is_read_and_written_as_utf_8() -> None:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    found = [f"{file.relative_to(ROOT)}:{line}" for file in files for line in without_encoding(file.read_text("utf-8"))]
    assert not found, 'say encoding="utf-8", or read with foundation.texts'


@pytest.mark.parametrize(
    "code",
    ["file.read_text()", "(a / b).write_text(x)", "f.open()", "f.open('a')", "f.open(mode='w')", "run(x, text=True)"],
)
def test_what_names_no_encoding_is_seen(code: str) -> None:
    assert list(without_encoding(code)) == [1]


@pytest.mark.parametrize(
    "code", ["f.read_text(encoding='utf-8')", "f.open('rb')", "Image.open(f)", "f.open('w', encoding='utf-8')"]
)
def test_what_names_one_is_not(code: str) -> None:
    assert list(without_encoding(code)) == []


def test_the_linter_s_rule_is_on() -> None:
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    assert "PLW1514" in lint["extend-select"]
    assert lint["preview"]
    assert lint["explicit-preview-rules"]


@pytest.mark.parametrize("package", PACKAGES)
def test_lines_are_split_in_one_place(package: str) -> None:
    """`splitlines` breaks at U+2028; what it may split is no JSON."""
    allowed = {"orchestration/configuration/load_config.py", "orchestration/commands/doctor.py"}
    files = {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in (ROOT / package).rglob("*.py")}
    assert [name for name, text in files.items() if ".splitlines()" in text and name not in allowed] == []
