"""Found by name: every module of a folder is one choice (an encoder, an annotator, a source, a metric).

So adding one is adding a file, and no table has to be lengthened. Listing the choices imports none of them.
"""

import ast
import difflib
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any


@cache
def choices(package: str) -> tuple[str, ...]:
    """The names that `package` (dotted) holds, sorted; a leading underscore hides a module."""
    spec = find_spec(package)
    assert spec is not None, package
    found = (module.name for module in iter_modules(spec.submodule_search_locations))
    return tuple(sorted(name for name in found if not name.startswith("_")))


def check_choice(package: str, name: str) -> str:
    """The name, if there is such a module.

    Raises:
        ValueError: there is none; names the nearest and all others.
    """
    there = choices(package)
    if name not in there:
        near = difflib.get_close_matches(name, there, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        raise ValueError(f"'{name}' is none of {', '.join(there)}{hint}")
    return name


def load_choice(package: str, name: str) -> ModuleType:
    """Import the module that `name` stands for. ValueError: see check_choice."""
    return import_module(f"{package}.{check_choice(package, name)}")


@cache
def declared(package: str, name: str, constant: str) -> Any:
    """What a choice says of itself in a constant of plain values, read without importing it; None: nothing."""
    spec = find_spec(package)
    assert spec is not None, package
    assert spec.submodule_search_locations is not None, package
    folder = Path(next(iter(spec.submodule_search_locations)))
    tree = ast.parse((folder / f"{check_choice(package, name)}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == constant:
            return ast.literal_eval(node.value)
    return None
