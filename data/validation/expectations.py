"""Is a prepared batch fit to train on? The only file that knows Great Expectations (1.24).

It fails closed: the rules run on one row a clip (measured on the prepared files) and one row a box (as delivered), an
empty cell breaks them, and so does a rule that could not be computed. Nothing here opens media. Importing Great
Expectations takes seconds, so it happens late, in the judging process only; its telemetry is off.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from data.thresholds import ValidationThresholds
from data.validation.batch_facts import Measured
from data.validation.clip_facts import ClipFacts
from data.validation.clip_fingerprint import nearest
from data.validation.delivered_boxes import FACE, KINDS, PRODUCT, box_table
from data.validation.observed import Observed, observed
from data.validation.rules import Rule, box_rules, clip_rules, detector_rules
from foundation.clip_format import ClipFormat
from foundation.failures import Failure

LAGS = ("structure", "picture_boxes", "structure_boxes", "detector")
ADDED = ("consent_days", "similarity", "similar_to")
DETECTED = {"detector_face_iou": 1.0, "detector_hand_iou": 1.0, "detector_lag": 0, "detector_lag_gain": 0.0}
Detected = Mapping[str, Mapping[str, float]]
"""clip id -> what a detector that looked at the clip reports, by the names of DETECTED"""


class Judged(NamedTuple):
    """Which rules are broken, and what each saw."""

    failures: list[Failure]
    observed: list[Observed]  # one entry a rule


def validate(
    clips: Sequence[Measured], clip: ClipFormat, thresholds: ValidationThresholds, detected: Detected | None = None
) -> Judged:
    """Every rule that a clip or a box of the batch breaks; no failure: the batch is valid.

    Args:
        clips: what was measured, one entry a delivered record.
        clip: the format every clip has.
        thresholds: where the lines are drawn.
        detected: what a detector saw, where one was run.
    """
    if not clips:
        return Judged([], [])
    clip_table, boxes = _clip_table(clips, thresholds, detected or {}), _box_table(clips)
    same = clip_table.groupby("content_sha256")["clip_id"].agg(list).to_dict()
    of_clips, of_boxes = (
        [*clip_rules(clip, thresholds), *(detector_rules(thresholds) if detected else [])],
        box_rules(thresholds),
    )
    broken_clips = _broken("clips", clip_table, [_schema(), *of_clips])
    broken_boxes = _broken("boxes", boxes, of_boxes) if len(boxes) else []
    failures = [
        *(_clip_failure(rule, row, same) for rule, rows in broken_clips for row in _rows_of(clip_table, rows)),
        *(_box_failure(rule, row, clips) for rule, rows in broken_boxes for row in _rows_of(boxes, rows)),
    ]
    return Judged(failures, [*observed(clip_table, of_clips, broken_clips), *observed(boxes, of_boxes, broken_boxes)])


def _rows_of(table: pd.DataFrame, rows: list[int]) -> list[dict[Any, Any]]:
    return table.iloc[rows].to_dict("records")


def _schema() -> Rule:
    columns = {*(field.name for field in fields(ClipFacts)), *DETECTED, *ADDED}
    return Rule("(columns)", "ExpectTableColumnsToMatchSet", "prepare the batch again", {"column_set": sorted(columns)})


def _clip_table(clips: Sequence[Measured], thresholds: ValidationThresholds, detected: Detected) -> pd.DataFrame:
    table = pd.DataFrame([vars(measured.facts) for measured in clips], columns=[f.name for f in fields(ClipFacts)])
    for column, without_detector in DETECTED.items():
        table[column] = [detected.get(clip_id, {}).get(column, without_detector) for clip_id in table["clip_id"]]
    for name in LAGS:
        table.loc[table[f"{name}_lag_gain"] < thresholds.surest_lag_gain, f"{name}_lag"] = 0
    similarity, similar_to = nearest(table["fingerprint"].tolist(), thresholds.most_similarity)
    table["consent_days"] = [_days_since(clip.facts.consent_date, date.today()) for clip in clips]
    exact = table["content_sha256"].duplicated(keep=False)  # has a rule of its own
    table["similarity"] = np.where(exact, 0.0, similarity.round(4))
    table["similar_to"] = [table["clip_id"][other] if other >= 0 else "" for other in similar_to]
    return table


def _days_since(day: str, today: date) -> int:
    """How long ago; 0 where it is no date, which has a rule of its own."""
    try:
        return (today - date.fromisoformat(day)).days
    except ValueError:
        return 0


def _box_table(clips: Sequence[Measured]) -> pd.DataFrame:
    """One row a box; a limit that is asked of one kind of box has a column that is harmless for the others."""
    table = box_table([measured.delivered for measured in clips])
    kind = table["kind"].to_numpy()
    parts = {"face": kind == FACE, "product": kind == PRODUCT, "hand": (kind != FACE) & (kind != PRODUCT)}
    for measure, harmless in (("jump", 0.0), ("growth", 1.0), ("area", 0.0)):
        for name, chosen in parts.items():
            table[f"{name}_{measure}"] = table[measure].where(chosen, harmless)
    return table


def _clip_failure(rule: Rule, row: dict[Any, Any], same: Mapping[str, Sequence[str]]) -> Failure:
    value = row.get(rule.column)
    shown = repr(value) if value in ("", None) else str(value)
    same_as: tuple[str, ...] = ()
    if rule.column == "similarity":
        same_as = (row["similar_to"],)
        shown = f"{value:g} with clip {row['similar_to']}"
    if rule.column.endswith("_lag"):
        measure = "IoU" if rule.column in DETECTED else "correlation"
        shown = f"{value} frames ({measure} +{row[f'{rule.column}_gain']:.2f})"
    if rule.column == "content_sha256":
        same_as = tuple(same[str(value)])
        shown = f"the same bytes in clips {', '.join(same_as)}"
    return Failure(row["clip_id"], rule.record_field, shown, str(rule), rule.fix, rule.column, same_as)


def _box_failure(rule: Rule, row: dict[Any, Any], clips: Sequence[Measured]) -> Failure:
    delivered = clips[row["clip"]].delivered
    edges = [row[edge] for edge in ("x1", "y1", "x2", "y2")]
    shown = f"{edges} in {delivered.height}x{delivered.width}: {row[rule.column]:g}"
    field = f"{KINDS[row['kind']]} box on frame {row['frame']}"
    return Failure(delivered.clip_id, field, shown, str(rule), rule.fix, rule.column)


def _broken(name: str, table: pd.DataFrame, rules: list[Rule]) -> list[tuple[Rule, list[int]]]:
    """Which rule is broken by which rows, by Great Expectations in an ephemeral context."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    checked = [rule for rule in rules if not rule.column.startswith("(")]
    filled = {rule.column: Rule(rule.column, "ExpectColumnValuesToNotBeNull", rule.fix) for rule in checked}
    rules = [*filled.values(), *rules]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe(name).get_batch({"dataframe": table})
    suite = gx.ExpectationSuite(name)
    for number, rule in enumerate(rules):
        column = {} if rule.column.startswith("(") else {"column": rule.column}
        suite.add_expectation(
            getattr(gx.expectations, rule.expectation)(**column, **rule.arguments, meta={"rule": number})
        )
    report = batch.validate(suite, result_format="COMPLETE")
    assert len(report.results) == len(rules), "every rule is judged"
    return [
        (rules[_meta(result)["rule"]], _rows(result, len(table))) for result in report.results if not result.success
    ]


def _meta(result: Any) -> dict[str, Any]:
    return result.expectation_config.meta


def _rows(result: Any, rows: int) -> list[int]:
    """The rows that break a rule; all of them where it could not be computed."""
    indices = (result.result or {}).get("unexpected_index_list")
    return indices if indices else list(range(rows))
