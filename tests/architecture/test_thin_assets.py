"""orchestration/assets.py stays a table of contents: every asset body is one call and one return."""

import ast
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "orchestration/assets.py"
CONTROL = (ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.With, ast.comprehension, ast.Lambda, ast.BoolOp)
BODY_LINES = 10


def asset_functions() -> dict[str, ast.FunctionDef]:
    """Every function decorated with dg.asset."""
    return {
        node.name: node
        for node in ast.walk(ast.parse(FILE.read_text()))
        if isinstance(node, ast.FunctionDef) and any("dg.asset" in ast.unparse(mark) for mark in node.decorator_list)
    }


@pytest.mark.parametrize("name", sorted(asset_functions()))
def test_an_asset_is_one_call_and_one_return(name: str) -> None:
    asset = asset_functions()[name]
    assert ast.get_docstring(asset), "people read this text in the UI"
    assert asset.end_lineno is not None
    assert asset.end_lineno - asset.body[0].lineno + 1 < BODY_LINES
    inside = [node for statement in asset.body for node in ast.walk(statement)]
    assert not [type(node).__name__ for node in inside if isinstance(node, CONTROL)]
    assert sum(isinstance(node, ast.Call) for node in inside) == 1
    assert sum(isinstance(node, ast.Return) for node in inside) == 1
    assert isinstance(asset.body[-1], ast.Return)


def test_the_flow_is_every_asset() -> None:
    from orchestration.definitions import defs

    graph = defs.resolve_asset_graph()
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == set(asset_functions())
