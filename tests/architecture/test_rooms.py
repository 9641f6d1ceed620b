"""The house by its imports: rooms, arrows and floors of every package, no circle at any depth. `pytest -s` prints them.

A *room* is a module or package directly inside a package, an *arrow* an import from one room into another, a *floor* is
how many arrows lead one below the other.
"""

from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(file.parent.name for file in ROOT.glob("*/__init__.py"))
LIMITS = {"data": (9, 30), "model": (10, 25), "orchestration": (9, 20)}  # rooms, arrows

Arrows = dict[str, set[str]]


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def packages_below(name: str) -> Iterator[str]:
    """A package and every package in it."""
    if children := graph().find_children(name):
        yield name
        for child in sorted(children):
            yield from packages_below(child)


def arrows_of(package: str) -> Arrows:
    """Room -> the rooms of the same package that it imports."""
    rooms = graph().find_children(package)
    owner = {module: room for room in rooms for module in {room, *graph().find_descendants(room)}}
    arrows: Arrows = {room: set() for room in sorted(rooms)}
    for module, room in owner.items():
        below = {owner.get(name, room) for name in graph().find_modules_directly_imported_by(module)}
        arrows[room] |= below - {room}
    return arrows


def floors(arrows: Arrows) -> int:
    """Rooms on the longest way down. ValueError (CycleError): the rooms lead in a circle."""
    height: dict[str, int] = {}
    for room in TopologicalSorter(arrows).static_order():
        height[room] = 1 + max((height[below] for below in arrows[room]), default=0)
    return max(height.values(), default=0)


def test_the_house_fits_its_limits() -> None:
    print(f"\n{'package':<16}{'rooms':>7}{'arrows':>8}{'floors':>8}")
    counts: dict[str, tuple[int, int]] = {}
    for package in PACKAGES:
        arrows = arrows_of(package)
        counts[package] = len(arrows), sum(map(len, arrows.values()))
        print(f"{package:<16}{counts[package][0]:>7}{counts[package][1]:>8}{floors(arrows):>8}")
    for package, (rooms, wanted) in LIMITS.items():
        assert counts[package][0] <= rooms, f"{package}: put a room into another, or write down why not"
        assert counts[package][1] <= wanted, f"{package}: {arrows_of(package)}"


@pytest.mark.parametrize("package", [name for top in PACKAGES for name in packages_below(top)])
def test_rooms_lead_downward_only(package: str) -> None:
    try:
        floors(arrows_of(package))
    except CycleError as error:
        pytest.fail(f"{package}: its rooms import each other in a circle: {' -> '.join(error.args[1])}")


def test_foundation_stands_on_nothing_of_ours() -> None:
    for module in {"foundation", *graph().find_descendants("foundation")}:
        below = graph().find_modules_directly_imported_by(module)
        assert {name.partition(".")[0] for name in below} <= {"foundation"}, module


def test_a_circle_is_found() -> None:
    with pytest.raises(CycleError):
        floors({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert floors({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == 3
