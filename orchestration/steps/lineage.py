"""What people see of a receipt: its content digest, its facts, its pictures."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from data.contracts import PreparedBatch
from evaluation.contracts import Decision, EvaluationReport
from model.contracts import TrainingSet


def content_digest(receipt: BaseModel) -> str:
    """The sha256 that stands for the content: Dagster's data version."""
    for name in ("digest", "weights_sha256", "exam_digest"):
        digest = getattr(receipt, name, None)
        if isinstance(digest, str) and not isinstance(receipt, EvaluationReport | Decision):
            return digest
    return hashlib.sha256(receipt.model_dump_json().encode()).hexdigest()


def facts(receipt: BaseModel) -> dict[str, Any]:
    """Flat values for a table."""
    if isinstance(receipt, EvaluationReport):
        values = {name: metric.value for name, metric in receipt.metrics.items() if metric.value is not None}
        return {**values, "report": receipt.report_html, "exam": receipt.exam_digest[:12]}
    if isinstance(receipt, Decision):
        return {"passed": receipt.passed, **{reason.rule: reason.message for reason in receipt.reasons}}
    if isinstance(receipt, TrainingSet):
        names = {"train": receipt.train, "held_out": receipt.held_out}
        clips = {f"{side}_clips": sum(batch.clips for batch in batches) for side, batches in names.items()}
        return {**clips, "digest": receipt.digest}
    values = {name: _flat(value) for name, value in receipt.model_dump().items() if value not in (None, [], {})}
    if isinstance(receipt, PreparedBatch) and receipt.set_aside:
        why = "\n".join(fault for faults in receipt.set_aside.values() for fault in faults)
        return {**values, "set_aside": len(receipt.set_aside), "set_aside_because": why}
    return values


def pictures(receipt: BaseModel) -> dict[str, str]:
    """PNG files a receipt names, as Markdown that carries the picture itself."""
    shown: dict[str, str] = {}
    for name, value in receipt.model_dump().items():
        if isinstance(value, str) and value.endswith(".png") and Path(value).exists():
            encoded = base64.b64encode(Path(value).read_bytes()).decode()
            shown[f"{name}_picture"] = f"![{name}](data:image/png;base64,{encoded})"
    return shown


def pages(receipt: BaseModel) -> dict[str, str]:
    """HTML files a receipt names, where they lie on this machine."""
    named = {name: value for name, value in receipt.model_dump().items() if isinstance(value, str)}
    return {
        name: str(Path(value).resolve())
        for name, value in named.items()
        if value.endswith(".html") and Path(value).exists()
    }


def _flat(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)
