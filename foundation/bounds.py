"""What a value of the configuration may be: the kinds of numbers and texts, each with both of its ends.

A number that is not one (NaN, infinity, a quoted digit, yes or no) is refused, and so is one that no run can use: it
would fail minutes later, or never. A test holds that every number of the configuration has both ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, StringConstraints

Item = TypeVar("Item")


def whole(least: int, most: int, **more: Any) -> Any:
    """A whole number from `least` to `most`, both included."""
    return Field(strict=True, ge=least, le=most, **more)


def real(least: float, most: float) -> Any:
    """A finite number from `least` to `most`, both included."""
    return Field(strict=True, ge=least, le=most, allow_inf_nan=False)


def above(least: float, most: float) -> Any:
    """A finite number above `least`, up to `most`."""
    return Field(strict=True, gt=least, le=most, allow_inf_nan=False)


Seed = Annotated[int, whole(0, 2**32 - 1)]
"""Of random numbers: what every library takes."""
Count = Annotated[int, whole(1, 1_000_000)]
"""How many clips, steps, draws: at least one."""
Width = Annotated[int, whole(1, 65_536)]
"""Of a layer, in values."""
Few = Annotated[int, whole(1, 1_024)]
"""Of what a machine or a network has some: layers, heads, processes, threads."""
Share = Annotated[float, real(0, 1)]
"""A part of a whole, or a probability; 0 and 1 included."""
PositiveShare = Annotated[float, above(0, 1)]
"""A part of a whole that is not nothing."""
Level = Annotated[float, real(0, 255)]
"""Of a picture of 8 bits."""
Weight = Annotated[float, real(0, 10_000)]
"""Of a part of a loss; 0 leaves it out."""
Positive = Annotated[float, above(0, 10_000)]
"""A factor or a rate that cannot be 0."""
Correlation = Annotated[float, real(-1, 1)]
"""Of two series, or the cosine of two directions."""
Quantity = Annotated[float, real(-1_000_000, 1_000_000)]
"""In the units of a metric."""


def _says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is empty: write something, or null where the field may be left out")
    if "\0" in text:
        raise ValueError("the text holds a NUL character, which no file and no process takes: leave it out")
    return text


Text = Annotated[str, AfterValidator(_says_something)]
"""Any text with a character in it, as it stands."""
Trimmed = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_says_something)]
"""The same without the white space around it."""


def each_once(items: Sequence[Item]) -> Sequence[Item]:
    """The items, if none of them stands there twice. ValueError: names the one that does."""
    twice = next((item for place, item in enumerate(items) if item in items[:place]), None)
    if twice is not None:
        raise ValueError(f"{twice!r} stands there twice: leave one out")
    return items


Once = AfterValidator(each_once)
"""Annotation of a list whose items are all different."""


@dataclass(frozen=True)
class IsPath:
    """Annotation of a text that is a path: given on the command line, it is relative to the folder one types in."""


def _lies_here(path: str) -> str:
    if "://" in path:
        raise ValueError("this is an address: give the path of a file or folder on this machine")
    return path


PathText = Annotated[Text, AfterValidator(_lies_here), IsPath()]
"""A path; in a file under conf/ it is relative to the project's root."""
