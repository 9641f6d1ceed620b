"""A ladder of planted damage: from which size on does the judge notice what a person notices?

Every rung damages videos, and the gate is asked twice. True clips as they come out of the latent codec are taken for a
good model's work: which floor refuses them, and is the undamaged model still no better? And the audited model's own
samples against themselves undamaged. The first row is undamaged and must pass.

Shape legend: T frames, H W pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.audit import _damages as plant
from evaluation.audit._bench import bench_of
from evaluation.audit._judged import Bench, Videos, refused_by_champion, refused_by_floors
from evaluation.contracts import AuditTable, EvaluationReport
from evaluation.judge_audit import Audited


@dataclass(frozen=True)
class Rung:
    """One planted damage, in all clips or in a few; `noticed`: a person would see it, so it must be refused."""

    name: str
    damage: plant.Damage
    clips: int | None = None
    noticed: bool = True


HANDS = [(2, 1.0), (4, 1.0), (8, 1.0), (16, 1.0), (8, 0.5), (8, 0.25), (16, 0.25), (8, 0.05), (16, 0.05)]
SEEN_HANDS = {(4, 1.0), (8, 1.0), (16, 1.0), (8, 0.5), (8, 0.25), (16, 0.25)}
LADDER: tuple[Rung, ...] = (
    *(
        Rung(
            f"hands {pixels} px aside in {share:.0%} of the frames",
            plant.hands_moved(pixels, share),
            None,
            (pixels, share) in SEEN_HANDS,
        )
        for pixels, share in HANDS
    ),
    *(Rung(f"product's colours inverted in {n} clips", plant.product_inverted, n, n >= 2) for n in (1, 2, 4, 16)),
    *(Rung(f"product swapped in {n} clips", plant.product_swapped, n, n >= 4) for n in (1, 4, 16)),
    *(Rung(f"mouth {n} frames late", plant.mouth_late(n), None, n >= 2) for n in (1, 2, 3, 4, 6)),
    *(
        Rung(f"a third hand in {share:.0%} of the frames", plant.third_hand(share), None, share > 0.1)
        for share in (0.05, 0.25, 1.0)
    ),
    Rung("another person's face", plant.other_face()),
    Rung("another person's face in 1 clip", plant.other_face(), 1),
    Rung("another person's face upside down", plant.other_face(upside_down=True)),
    *(Rung(f"flicker of {gain:.0%}", plant.flicker(gain), None, gain > 0.02) for gain in (0.02, 0.05, 0.1)),
    *(
        Rung(f"noise of {spread:g} in {share:.0%} of the frames", plant.noisy(spread, share))
        for spread, share in ((40, 0.1), (40, 0.5), (15, 1.0))
    ),
    Rung("noise around the face in 24 of 33 frames", plant.noise_around_face),
    *(Rung(f"{n} frames frozen", plant.frozen(n), None, n >= 4) for n in (2, 4, 8, 16)),
    Rung("time reversed", plant.reversed_time),
    *(Rung(f"brighter by {levels:g} at the end", plant.drifting(levels), None, levels > 10) for levels in (10, 30)),
    Rung("a cut to another clip", plant.cut_to_other),
)
COLUMNS = [
    "damage",
    "a person notices",
    "true clips: floors",
    "true clips: champion",
    "model: floors",
    "model: champion",
    "kept",
]
NAMED = 3  # refusing rules in a cell


def tables(audited: Audited) -> list[AuditTable]:
    """One table: each rung, and what refuses it.

    Raises:
        ValueError: the exam's clips are not the studio's, of which every pixel is known.
    """
    bench, bases = bench_of(audited)
    return [ladder(bench, bases)]


def ladder(bench: Bench, bases: Sequence[Videos], rungs: Sequence[Rung] = LADDER) -> AuditTable:
    """The table for these bases of undamaged videos (true clips through the codec, and a model's)."""
    undamaged = [bench.judged({"model": base, "baseline": bench.baseline}) for base in bases]
    rows = [["nothing", "no", *_cells(bench, undamaged, undamaged), ""]]
    for rung in rungs:
        damaged = [bench.judged({"model": damage(bench, base, rung), "baseline": bench.baseline}) for base in bases]
        cells = _cells(bench, damaged, undamaged)
        kept = all("none" not in pair or not rung.noticed for pair in _refused_by_either(cells))
        rows.append([rung.name, "yes" if rung.noticed else "no", *cells, "yes" if kept else "NO"])
    return AuditTable(
        title="Planted damage",
        note="which rules refuse: floors alone, and margins against the same videos undamaged as champion; "
        "kept: what a person notices is refused on either way",
        columns=COLUMNS[: 2 + 2 * len(bases)] + COLUMNS[-1:],
        rows=rows,
    )


def damage(bench: Bench, base: Videos, rung: Rung) -> Videos:
    """The videos with the rung's damage in the first so many clips."""
    clips = list(bench.clips)
    hit = clips if rung.clips is None else clips[: rung.clips]
    after = dict(zip((clip.clip_id for clip in clips), [*clips[1:], clips[0]], strict=True))
    return {**base, **{clip.clip_id: rung.damage(clip, after[clip.clip_id], base[clip.clip_id]) for clip in hit}}


def _cells(bench: Bench, reports: Sequence[EvaluationReport], champions: Sequence[EvaluationReport]) -> list[str]:
    cells: list[str] = []
    for report, champion in zip(reports, champions, strict=True):
        cells += [_named(refused_by_floors(bench, report)), _named(refused_by_champion(bench, report, champion))]
    return cells


def _refused_by_either(cells: Sequence[str]) -> list[str]:
    """For each base 'none' where neither way refused, else ''."""
    return ["none" if cells[at] == cells[at + 1] == "none" else "" for at in range(0, len(cells), 2)]


def _named(metrics: Sequence[str]) -> str:
    more = f" and {len(metrics) - NAMED} more" if len(metrics) > NAMED else ""
    return ", ".join(metrics[:NAMED]) + more if metrics else "none"
