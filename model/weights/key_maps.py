"""Strict two-way maps between a foreign state-dict layout and ours.

An entry ties one of our parameters to one or several foreign keys. What the foreign side must look like (names and
shapes) is read off our own module, so a map cannot drift from the code. Missing, extra, wrongly shaped or non-finite
tensors raise ValueError listing the keys.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Shapes = dict[str, tuple[int, ...]]
MOST_LISTED = 12


@dataclass(frozen=True)
class Entry:
    """One parameter of ours and where its values live in the foreign layout."""

    ours: str
    theirs: tuple[str, ...]
    to_ours: Callable[[list[Tensor]], Tensor]
    to_theirs: Callable[[Tensor], list[Tensor]]


def renamed(ours: str, theirs: str) -> Entry:
    """The same tensor under another name."""
    return Entry(ours, (theirs,), lambda xs: xs[0], lambda x: [x])


def reshaped(ours: str, theirs: str, our_shape: tuple[int, ...], their_shape: tuple[int, ...]) -> Entry:
    """The same values in another shape (a convolution whose kernel equals its stride is a linear layer)."""
    return Entry(ours, (theirs,), lambda xs: xs[0].reshape(our_shape), lambda x: [x.reshape(their_shape)])


def reordered(ours: str, theirs: str, rows: list[int]) -> Entry:
    """The same rows in another order; `rows` must be its own inverse."""
    assert [rows[row] for row in rows] == list(range(len(rows)))
    return Entry(ours, (theirs,), lambda xs: xs[0][rows], lambda x: [x[rows]])


def stacked(ours: str, theirs: tuple[str, ...]) -> Entry:
    """Several foreign tensors are the rows of one of ours."""
    return Entry(ours, theirs, lambda xs: torch.stack(xs), lambda x: list(x.unbind(0)))


def their_shapes(entries: Iterable[Entry], module: nn.Module) -> Shapes:
    """Names and shapes the foreign side must have for `module`."""
    ours = module.state_dict()
    shapes: Shapes = {}
    for entry in entries:
        parts = entry.to_theirs(torch.empty(ours[entry.ours].shape, device="meta"))
        shapes |= {key: tuple(part.shape) for key, part in zip(entry.theirs, parts, strict=True)}
    return shapes


def check_keys(wanted: Shapes, present: Shapes, source: str) -> None:
    """Raises ValueError that lists missing, extra and wrongly shaped keys."""
    problems = [_listed("missing keys", sorted(wanted.keys() - present.keys()))]
    problems.append(_listed("unknown keys", sorted(present.keys() - wanted.keys())))
    wrong = [key for key in sorted(wanted.keys() & present.keys()) if wanted[key] != present[key]]
    problems.append(_listed("wrong shapes", [f"{key} {present[key]}, wanted {wanted[key]}" for key in wrong]))
    problems = [problem for problem in problems if problem]
    if problems:
        raise ValueError(f"{source} does not fit this network and recipe: " + "; ".join(problems))


def load_mapped(module: nn.Module, entries: Iterable[Entry], read: Callable[[str], Tensor], source: str) -> None:
    """Copies foreign tensors into `module` one by one, in place and in the module's precision."""
    ours = module.state_dict()
    broken: list[str] = []
    with torch.no_grad():
        for entry in entries:
            parts = [read(key) for key in entry.theirs]
            broken += [key for key, part in zip(entry.theirs, parts, strict=True) if not part.isfinite().all()]
            ours[entry.ours].copy_(entry.to_ours(parts))
    if broken:
        raise ValueError(f"{source} holds NaN or infinite weights: {_listed('keys', broken)}; take an intact file")


def to_theirs(state: Mapping[str, Tensor], entries: Iterable[Entry]) -> dict[str, Tensor]:
    """Our tensors in the foreign layout."""
    result: dict[str, Tensor] = {}
    for entry in entries:
        parts = entry.to_theirs(state[entry.ours])
        result |= {key: part.contiguous() for key, part in zip(entry.theirs, parts, strict=True)}
    return result


def _listed(what: str, keys: list[str]) -> str:
    if not keys:
        return ""
    rest = f" and {len(keys) - MOST_LISTED} more" if len(keys) > MOST_LISTED else ""
    return f"{len(keys)} {what}: {', '.join(keys[:MOST_LISTED])}{rest}"
