"""`graspline reproduce`: a registered version trained again, and whether it came out the same."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from foundation.progress import parse_progress
from orchestration.configuration.load_config import load_sections
from orchestration.tracing.reproduce import Reproduced, reproduce

FAR = 3.0  # standard errors: beyond it the noise seeds do not explain a difference


def reproduce_and_print(console: Console, name: str, overrides: Sequence[str]) -> bool:
    """Print what came of it; whether all weights are the same bytes.

    Raises:
        ValueError: what it was made of is not known or not here.
    """

    def show(line: str) -> None:
        if not parse_progress(line):
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)

    found = reproduce(load_sections(overrides).tracking, name, show)
    for line in lines_of(found):
        console.print(line, highlight=False)
    if not all(found.same_bytes.values()):
        console.print(_table(found))
    return all(found.same_bytes.values())


def lines_of(found: Reproduced) -> list[str]:
    """What came of it, in words."""
    lines = [f"version {found.version}, from commit {found.commit[:12]}:"]
    lines += [f"  {stage}: {'the same bytes' if same else 'other bytes'}" for stage, same in found.same_bytes.items()]
    known = [distance for distance in found.distances if distance.noises is not None]
    if known:
        furthest = known[0]
        verdict = (
            "as near as the noise seeds make it" if (furthest.noises or 0) <= FAR else "further than noise explains"
        )
        lines.append(
            f"  metrics: {furthest.metric} is furthest apart, {furthest.noises:.2g} standard errors of the judge's "
            f"noise: {verdict}"
        )
    return lines


def _table(found: Reproduced) -> Table:
    table = Table("metric", "was", "now", "apart, in standard errors", box=None, header_style="dim")
    for distance in found.distances:
        noises = "noise not known" if distance.noises is None else f"{distance.noises:.2f}"
        table.add_row(distance.metric, f"{distance.was:.4g}", f"{distance.now:.4g}", noises)
    return table
