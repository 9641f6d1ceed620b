"""No child outlives its parent, because there is one place where children start, and pools watch theirs."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACE = {"foundation/child_process.py", "foundation/child_guard.py"}
SHORT = {"foundation/git.py": "git, which ends by itself"}
STARTS = {"Popen", "run", "call", "check_call", "check_output", "getoutput", "system", "fork", "forkpty", "popen"}
OURS = ("foundation", "data", "model", "evaluation", "orchestration", "benchmarks", "graspline")
FILES = [file for package in OURS for file in sorted((ROOT / package).rglob("*.py"))]


def calls(file: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]


def starts_a_process(call: ast.Call) -> bool:
    """subprocess.anything, os.fork, os.system, os.spawn... and their like."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="subprocess"), attr=name):
            return name in STARTS
        case ast.Attribute(value=ast.Name(id="os"), attr=name):
            return name in STARTS or name.startswith(("spawn", "posix_spawn", "exec"))
        case _:
            return False


def is_pool(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in {"ProcessPoolExecutor", "Pool", "Process"}


def test_the_search_sees_what_it_looks_for() -> None:
    assert any(starts_a_process(call) for call in calls(ROOT / "foundation/child_process.py"))
    assert any(is_pool(call) for call in calls(ROOT / "foundation/map_items.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_children_start_in_one_place_and_pools_end_with_their_parent(file: Path) -> None:
    name, found = str(file.relative_to(ROOT)), calls(file)
    if name not in PLACE | SHORT.keys():
        assert not [call.lineno for call in found if starts_a_process(call)], "start it with foundation.child_process"
    for pool in filter(is_pool, found):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in pool.keywords}
        assert given.get("initializer") == "end_with_parent", f"line {pool.lineno}: initializer=end_with_parent"
