"""Which code a result was computed by: the sources that a module may run, and the versions of the libraries they use.

Coarse on purpose, see docs/decisions: a module's *closure* is every module of ours that it imports, late imports
included, or names in a string (`"model.training.train_stage"`; a package named so counts with all its modules, since
one of them is picked by name), and the files that lie beside them (templates, assets). Comments, docstrings and layout
do not count; any other change in the closure does, unless the module says of itself that it only watches or draws:

    DOES_NOT_DECIDE = "why"

Nothing is imported to find this out.
"""

import ast
import hashlib
import sys
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import NamedTuple

from foundation.home import ROOT

# libraries that carry, check, show or record values and compute none; every other one that the closure imports counts
COMPUTE_NOTHING = {"filelock", "jinja2", "matplotlib", "mlflow", "pydantic", "pydantic_core", "rich", "typer", "yaml"}
MARK = "DOES_NOT_DECIDE"  # the name by which a module takes itself out


class _Source(NamedTuple):
    """What one file of ours says."""

    digest: str  # of its syntax tree without docstrings
    imports: frozenset[str]  # dotted names, late ones included
    strings: frozenset[str]  # texts that could be dotted names
    decides: bool


@cache
def code_digest(*modules: str) -> str:
    """sha256 over the closure's sources, the files beside them, and the versions of the libraries they import.

    A process keeps what it found first: it runs that code to its end, whatever is written beside it meanwhile.
    """
    found = [*_source_lines(modules), *(f"{library} {at}\n" for library, at in sorted(libraries(*modules).items()))]
    return hashlib.sha256("".join(found).encode()).hexdigest()


@cache
def sources_digest(*modules: str) -> str:
    """The same without the libraries: of code that runs in another environment, whose lock file says its versions."""
    return hashlib.sha256("".join(_source_lines(modules)).encode()).hexdigest()


def _source_lines(modules: tuple[str, ...]) -> list[str]:
    """`path digest` of every file of the closure, then of what lies beside them."""
    files = sorted(_file(module) for module in closure(*modules))
    beside = [path for folder in sorted({file.parent for file in files}) for path in sorted(folder.iterdir())]
    other = [path for path in beside if path.is_file() and path.suffix not in (".py", ".pyc")]
    return [
        *(f"{file.relative_to(ROOT)} {_source(file).digest}\n" for file in files),
        *(f"{file.relative_to(ROOT)} {hashlib.sha256(file.read_bytes()).hexdigest()}\n" for file in other),
    ]


def closure(*modules: str) -> set[str]:
    """Every module of ours that running `modules` may load, themselves included."""
    waiting, seen = set(modules), set[str]()
    while waiting:
        module = waiting.pop()
        seen.add(module)
        source = _source(_file(module))
        if not source.decides:
            continue
        named = {found for text in source.strings for found in _named(text)}
        parents = {module.rsplit(".", depth)[0] for depth in range(1, module.count(".") + 1)}
        waiting |= ({name for name in source.imports if _is_ours(name)} | named | parents) - seen
    return {module for module in seen if _source(_file(module)).decides}


def libraries(*modules: str) -> dict[str, str]:
    """{distribution: version} of everything that computes and that the closure imports; Python itself is one."""
    outside = {name.partition(".")[0] for module in closure(*modules) for name in _source(_file(module)).imports}
    computing = outside - sys.stdlib_module_names - _own_packages() - COMPUTE_NOTHING
    found = {distribution for name in computing for distribution in _distributions().get(name, [])}
    return {"python": ".".join(map(str, sys.version_info[:3])), **{name: version(name) for name in found}}


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in _own_packages() and _file(name).exists()


def _named(text: str) -> list[str]:
    """The modules that a text names: one, or all of a package, since one of them is picked by its name."""
    if not _is_ours(text):
        return []
    folder = ROOT.joinpath(*text.split("."))
    children = (
        [f"{text}.{path.stem}" for path in folder.iterdir() if path.stem != "__init__"] if folder.is_dir() else []
    )
    return [text, *(child for child in children if _is_ours(child))]


def _file(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _own_packages() -> frozenset[str]:
    return frozenset(file.parent.name for file in ROOT.glob("*/__init__.py"))


@cache
def _distributions() -> dict[str, list[str]]:
    return {name: list(found) for name, found in packages_distributions().items()}


@cache
def _source(file: Path) -> _Source:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imports, strings = set[str](), set[str]()
    decides = not any(isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == MARK for node in tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            strings.add(node.value)
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _drop_docstring(node)
    return _Source(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), frozenset(imports), frozenset(strings), decides)


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:]
