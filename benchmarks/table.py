"""A row of a benchmark's table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """One contender; ratios are to the first contender of the table."""

    name: str
    seconds: float | None = None
    seconds_ratio: float | None = None
    peak_mib: float | None = None
    peak_ratio: float | None = None
    teraflops: float | None = None
    flops_ratio: float | None = None
