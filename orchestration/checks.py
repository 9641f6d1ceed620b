"""What must hold of an asset before anything below it may use it, as Dagster asset checks."""

import dagster as dg
from pydantic import BaseModel

from data.contracts import PreparedBatch
from evaluation.contracts import Decision
from model.contracts import RgbArtifact

CLIPS_ARE_VALID = dg.AssetCheckSpec(
    "clips_are_valid",
    asset="prepared_batch",
    blocking=True,
    description="Every Great Expectations rule holds for every clip that is in the batch; others are set aside.",
)
RGB_ONLY = dg.AssetCheckSpec(
    "rgb_stream_stands_alone",
    asset="rgb_artifact",
    blocking=True,
    description="The RGB output keeps its bits when the HOI input is replaced; the artifact holds no HOI weight.",
)
GATE = dg.AssetCheckSpec(
    "gate_passed",
    asset="promotion_decision",
    description="Every promotion rule holds. A refusal is shown here and promotes nothing.",
)


def results_of(receipt: BaseModel) -> list[tuple[str, bool, str]]:
    """(check, passed, what was seen) for a receipt whose asset has checks."""
    if isinstance(receipt, PreparedBatch):
        aside = [f"set aside: {fault}" for faults in receipt.set_aside.values() for fault in faults]
        lines = [*(receipt.failures or ["no failure"]), *aside, *receipt.accepted, *receipt.no_longer]
        return [(CLIPS_ARE_VALID.name, receipt.valid, "\n".join(lines))]
    if isinstance(receipt, RgbArtifact):
        says = "\n".join(f"{check}: {seen}" for check, seen in receipt.proof.items())
        return [(RGB_ONLY.name, bool(receipt.proof), says)]
    if isinstance(receipt, Decision):
        says = "\n".join(("passed: " if r.passed else "REFUSED: ") + r.message for r in receipt.reasons)
        return [(GATE.name, receipt.passed, says)]
    return []
