"""How often the gate errs where only noise or a planted effect stands between two models, and what a larger exam sees.

Every rate is counted over gates that were held (_resampled_gates), beside the rate of the comparison that
this gate replaced. Floors are left out: they ask how good a model is, not whether it is better.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from evaluation.audit._former_gate import passes as passed_before
from evaluation.audit._resampled_gates import (
    Effect,
    MeasuredValues,
    measured_values,
    two_models,
    without_floors,
)
from evaluation.catalogue import definitions
from evaluation.contracts import AuditTable, EvaluationReport, GateConfig
from evaluation.judge_audit import Audited
from evaluation.promotion_gate import against_champion

HAND = "hand_error_px_embedded_locator"
MOUTH = "mouth_audio_correlation"
PRODUCT = "product_retrieval_top1_colour_layout"
SIZES = ((16, 1), (16, 4), (16, 8), (32, 4), (32, 8), (48, 4), (48, 8), (96, 4))  # clips, seeds a clip
GATES_A_SIZE = 400


@dataclass(frozen=True)
class Case:
    """One thing that can stand between two models."""

    name: str
    effects: Mapping[str, Effect]
    promoted: bool  # whether the gate should promote the challenger
    share: float  # how often it should decide so, at least

    @property
    def wanted(self) -> str:
        return f"promoted {self.share:.0%} or more" if self.promoted else f"promoted {1 - self.share:.0%} or less"


class Draws(NamedTuple):
    """How many gates are held, and from which seed."""

    gates: int
    seed: int


def times(factor: float) -> Effect:
    """Every value multiplied."""
    return lambda values, _: values * factor


def plus(difference: float) -> Effect:
    """Something added to every value."""
    return lambda values, _: values + difference


def found(share: float) -> Effect:
    """Misses (0) become hits (1) until this share is hit, as luck will have it."""

    def more(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
        missing = max(1 - float(values.mean()), 1e-9)
        turned = random.random(values.shape) < 1 - (1 - share) / missing
        return np.where(turned, 1.0, values)

    return more


CASES = (
    Case("the same model, other noise seeds", {}, promoted=False, share=0.95),
    Case("hands 2 % better", {HAND: times(0.98)}, promoted=True, share=0.0),
    Case("hands 5 % better", {HAND: times(0.95)}, promoted=True, share=0.8),
    Case("hands 10 % better", {HAND: times(0.90)}, promoted=True, share=0.95),
    Case("products found 0.94, hands equal", {PRODUCT: found(0.94)}, promoted=True, share=0.95),
    Case("hands 5 % worse", {HAND: times(1.05)}, promoted=False, share=0.95),
    Case("mouth 0.04 less", {MOUTH: plus(-0.04)}, promoted=False, share=0.95),
    Case("hands 10 % better, mouth 0.04 less", {HAND: times(0.9), MOUTH: plus(-0.04)}, promoted=False, share=0.95),
    Case("products found 0.94, hands 5 % worse", {PRODUCT: found(0.94), HAND: times(1.05)}, False, 0.95),
)
AT_EVERY_SIZE = (0, 2, 3, 4, 7, 8)


def tables(audited: Audited) -> list[AuditTable]:
    """The noise of what is compared, the gate's errors at the exam's size, and what other sizes would see.

    Raises:
        ValueError: the model was not measured on every clip with twice as many seeds as the exam has.
    """
    gate = without_floors(audited.gate)
    bank = measured_values(audited.report, gate)
    clips, seeds = audited.evaluation.sealed_clips or audited.evaluation.held_out_clips, audited.evaluation.seeds_a_clip
    return [
        _noise(bank, gate, clips, seeds),
        _errors(bank, gate, (clips, seeds), audited),
        _sizes(bank, gate, audited.seed),
    ]


def promotion_rate(
    bank: MeasuredValues, size: tuple[int, int], case: Case, draws: Draws, gate: GateConfig | None
) -> float:
    """How often a gate (None: the comparison before this one) promotes the challenger.

    Raises:
        ValueError: two models need more seeds a clip than were measured.
    """
    clips, seeds = size
    if bank.seeds < 2 * seeds:
        raise ValueError(f"two models with {seeds} seeds a clip need {2 * seeds}, and {bank.seeds} were measured")
    random = np.random.default_rng(draws.seed)
    promoted = 0
    for _ in range(draws.gates):
        pair = two_models(bank, clips, seeds, random, case.effects)
        promoted += passed_before(*pair) if gate is None else _passes(pair, gate)
    return promoted / draws.gates


def _passes(pair: tuple[EvaluationReport, EvaluationReport], gate: GateConfig) -> bool:
    return all(reason.passed for reason in against_champion(*pair, gate)[0])


def _noise(bank: MeasuredValues, gate: GateConfig, clips: int, seeds: int) -> AuditTable:
    rows = []
    for name in gate.compared:
        values, unit = bank.values[name], definitions()[name].unit
        values = values[np.isfinite(values).all(axis=1)]  # clips that have a value
        within = float(np.sqrt(values.var(axis=1, ddof=1).mean()))
        between = float(values.mean(axis=1).std(ddof=1))
        difference = within * np.sqrt(2 / (clips * seeds))
        mean = float(values.mean())
        rows.append([name, f"{mean:.3g} {unit}", f"{between:.2g}", f"{within:.2g}", f"{difference:.2g}"])
    return AuditTable(
        title="Noise of what is compared",
        note=f"{len(bank.actions)} clips, {bank.seeds} noise seeds each; the last column is the standard error of the "
        f"difference of two models on {clips} clips x {seeds} seeds that the seeds alone cause",
        columns=["metric", "mean", "spread between clips", "between seeds", "noise of a difference"],
        rows=rows,
    )


def _errors(bank: MeasuredValues, gate: GateConfig, size: tuple[int, int], audited: Audited) -> AuditTable:
    rows = []
    for number, case in enumerate(CASES):
        draws = Draws(audited.gates, audited.seed + number)
        now = promotion_rate(bank, size, case, draws, gate)
        before = promotion_rate(bank, (min(size[0], len(bank.actions)), 1), case, draws, None)
        kept = (now >= case.share) if case.promoted else (1 - now >= case.share)
        verdict = ("yes" if kept else "no") if case.share else ""
        rows.append([case.name, case.wanted if case.share else "", f"{before:.1%}", f"{now:.1%}", verdict])
    return AuditTable(
        title="How often the gate promotes",
        note=f"{audited.gates} gates a row, exam of {size[0]} clips x {size[1]} seeds; before: one seed a clip",
        columns=["between champion and challenger", "wanted", "before", "this gate", "reached"],
        rows=rows,
    )


def _sizes(bank: MeasuredValues, gate: GateConfig, seed: int) -> AuditTable:
    cases = [CASES[number] for number in AT_EVERY_SIZE]
    rows = []
    for clips, seeds in SIZES:
        if bank.seeds >= 2 * seeds:
            rates = [promotion_rate(bank, (clips, seeds), case, Draws(GATES_A_SIZE, seed), gate) for case in cases]
            rows.append([f"{clips} x {seeds}", str(clips * seeds), *(f"{rate:.0%}" for rate in rates)])
    return AuditTable(
        title="What an exam of another size would see",
        note=f"share of {GATES_A_SIZE} gates that promote; more than {len(bank.actions)} clips are drawn again",
        columns=["clips x seeds", "videos a model", *(case.name for case in cases)],
        rows=rows,
    )
