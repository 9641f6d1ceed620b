"""Is a prepared batch fit to train on? The only file that knows Great Expectations (1.24).

It fails closed: the rules run on one row a clip (measured on the prepared files) and one row a box (as delivered), an
empty cell breaks them, and so does a rule that could not be computed. Importing Great Expectations takes seconds, so it
happens late, in the preparing process only; its telemetry is off.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

from data.batch_receipts import VALIDATION, Validation
from data.clip_facts import ClipFacts
from data.contracts import ClipFormat, ClipRecord
from data.failures import Failure
from data.manifest import NAME as MANIFEST
from data.run_folder import write_whole
from data.validation_rules import Rule, box_rules, clip_rules

Row = dict[str, Any]


def validate(records: Sequence[ClipRecord], facts: Iterable[ClipFacts], clip: ClipFormat) -> list[Failure]:
    """Every rule that a clip or a box of the batch breaks; empty: the batch is valid.

    Args:
        records: the raw records as delivered, clips with the same id included.
        facts: what was measured on the prepared clips.
        clip: the format every clip has.
    """
    facts_of = {found.clip_id: found for found in facts}
    clips = [asdict(facts_of[record.clip_id]) for record in records]
    boxes = [row for record in records for row in _box_rows(record)]
    clip_columns = [field.name for field in fields(ClipFacts)]
    return [
        *_failures("clips", clips, clip_columns, clip_rules(clip)),
        *(_failures("boxes", boxes, list(boxes[0]), box_rules()) if boxes else []),
    ]


def write_validation(prepared: Path, failures: Sequence[Failure], clips: int, raw_digest: str) -> None:
    """Write validation.json beside the manifest that was judged."""
    manifest_sha256 = sha256((prepared / MANIFEST).read_bytes()).hexdigest()
    found = Validation(
        valid=not failures,
        clips=clips,
        failures=[str(failure) for failure in failures],
        manifest_sha256=manifest_sha256,
        raw_digest=raw_digest,
    )
    write_whole(prepared / VALIDATION, found.model_dump_json(indent=1))


def _box_rows(record: ClipRecord) -> list[Row]:
    return [
        {
            "clip_id": record.clip_id,
            "field": f"{kind} box on frame {frame}",
            "shown": f"{list(box)} in {record.height}x{record.width}",
            "x1": box[0],
            "y1": box[1],
            "x2_minus_x1": box[2] - box[0],
            "y2_minus_y1": box[3] - box[1],
            "room_right": record.width - box[2],
            "room_below": record.height - box[3],
        }
        for frame, boxes in record.boxes.items()
        for kind, box in boxes.model_dump(exclude_none=True).items()
    ]


def _failures(name: str, rows: list[Row], columns: list[str], rules: list[Rule]) -> list[Failure]:
    not_empty = [Rule(rule.column, "ExpectColumnValuesToNotBeNull", rule.fix) for rule in rules]
    schema = Rule("(columns)", "ExpectTableColumnsToMatchOrderedList", "prepare again", {"column_list": columns})
    return [
        failure
        for rule, indices in _broken(name, rows, [schema, *not_empty, *rules])
        for failure in (_failure(rule, rows[index]) for index in indices)
    ]


def _failure(rule: Rule, row: Row) -> Failure:
    field, value = row.get("field", rule.column), row.get("shown", row.get(rule.column))
    described = f"{rule.column} {rule}" if "shown" in row else str(rule)
    return Failure(row["clip_id"], field, repr(value) if value in ("", None) else str(value), described, rule.fix)


def _broken(name: str, rows: list[Row], rules: list[Rule]) -> list[tuple[Rule, list[int]]]:
    """Which rule is broken by which rows, by Great Expectations in an ephemeral context."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe(name).get_batch({"dataframe": pd.DataFrame(rows)})
    suite = gx.ExpectationSuite(name)
    for number, rule in enumerate(rules):
        column = {} if rule.column.startswith("(") else {"column": rule.column}
        suite.add_expectation(
            getattr(gx.expectations, rule.expectation)(**column, **rule.arguments, meta={"rule": number})
        )
    report = batch.validate(suite, result_format="COMPLETE")
    assert len(report.results) == len(rules), "every rule is judged"
    return [(rules[_meta(found)["rule"]], _rows(found, len(rows))) for found in report.results if not found.success]


def _meta(found: Any) -> dict[str, Any]:
    return found.expectation_config.meta


def _rows(found: Any, rows: int) -> list[int]:
    """The rows that break a rule; all of them where it could not be computed."""
    indices = (found.result or {}).get("unexpected_index_list")
    return indices if indices else list(range(rows))
