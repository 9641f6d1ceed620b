"""The documents say what is there: ARCHITECTURE's tree, the index of decisions, links between pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs/decisions").glob("0*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def drawn_rooms() -> Iterator[str]:
    """The folders of the tree in ARCHITECTURE.md, from the root."""
    tree = re.search(r"## Rooms\n```\n(.*?)```", (ROOT / "ARCHITECTURE.md").read_text(), re.DOTALL)
    assert tree is not None
    package = ""
    for line in tree[1].splitlines():
        found = re.match(r"( *)([a-z_]+)/ ", line)
        assert found, f"a line of the tree names a folder: {line}"
        package = package if found[1] else found[2]
        yield f"{package}/{found[2]}" if found[1] else found[2]


def test_the_tree_in_architecture_is_the_tree() -> None:
    packages = [file.parent for file in ROOT.glob("*/__init__.py")]
    rooms = [file.parent for package in packages for file in package.glob("*/__init__.py")]
    there = {folder.relative_to(ROOT).as_posix() for folder in [*packages, *rooms]} | {"conf"}
    drawn = list(drawn_rooms())
    assert sorted(drawn) == sorted(there)
    assert len(drawn) > 20


def test_decisions_are_numbered_without_gaps_and_indexed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    assert [int(file.name[:4]) for file in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for file in DECISIONS:
        assert file.read_text().startswith(f"# {file.name[:4]}"), file.name
        assert f"- [{file.name[:4]}]({file.name}) " in index, file.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name}: {target} is not there"
