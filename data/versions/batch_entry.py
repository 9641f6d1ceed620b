"""A batch's entry in datasets/batches.yaml: everything that its DVC stages read, written by the launcher out of conf/.

What decides a stage's bytes are whole fields of the entry, the digest of the stage's own code among them: dvc.yaml
names them as the stage's params (DECIDES; a test holds both equal). What decides no byte stands apart in `harmless`.
Small, without DVC, Great Expectations or torch: everything that reads a batch may import it.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel

from data.thresholds import ValidationThresholds
from foundation.bounds import Few
from foundation.clip_format import ClipFormat
from foundation.fingerprint import DoesNotDecide, fingerprint
from foundation.map_items import MapKind, Spread
from foundation.run_folder import write_whole

BATCHES = Path("datasets/batches.yaml")
RAW = Path("datasets/raw")
HEADING = "# Every batch and all that its DVC stages read; written by the launcher out of conf/, one entry a batch.\n"
Stage = Literal["prepare", "encoders", "encode"]
DECIDES = {
    "raw": ("batch", "clip"),
    "prepare": ("batch", "clip", "validation", "code.prepare"),
    "encoders": ("clip", "encoding", "code.encoders"),
    "encode": ("clip", "encoding", "encoders", "code.encode"),
}


class Harmless(BaseModel, frozen=True, extra="forbid"):
    """What may change without anything being made again."""

    batch: dict[str, Any] = {}  # fields of the batch's configuration that do not decide: where a delivery lies
    preparation_processes: Few = 2
    map: MapKind = "processes"
    ray_address: str | None = None


class BatchEntry(BaseModel, frozen=True, extra="forbid"):
    """One batch in datasets/batches.yaml."""

    batch: dict[str, Any]  # what decides of data.sources.BatchConfig, which this room does not know
    clip: ClipFormat
    validation: ValidationThresholds = ValidationThresholds()
    encoders: str  # the batch whose encoders this one is encoded with
    encoding: dict[str, Any]  # model.contracts.EncodingConfig, which this layer does not know
    code: dict[Stage, str] = {}  # stage -> foundation.code_digest of what it runs
    harmless: Annotated[Harmless, DoesNotDecide("it stands apart for that")] = Harmless()

    @property
    def batch_values(self) -> dict[str, Any]:
        """The batch's whole configuration, for data.sources.read_batch."""
        return {**self.batch, **self.harmless.batch}

    @property
    def spread(self) -> Spread:
        """Over what the batch's clips are spread."""
        how = self.harmless
        return Spread(how.map, how.preparation_processes, how.ray_address)


def stage_identities(entry: BatchEntry) -> dict[str, str]:
    """{"raw", "prepare", "encoders", "encode"} -> fingerprint of all in the entry that decides that stage's bytes."""
    values = entry.model_dump(mode="json")
    return {stage: fingerprint([_value(values, name) for name in names]) for stage, names in DECIDES.items()}


def known_batches() -> dict[str, dict[str, Any]]:
    """Every batch ever ordered, as datasets/batches.yaml has it; entries of older versions as this one writes them."""
    batches = (yaml.safe_load(BATCHES.read_text()) or {}).get("batches") or {} if BATCHES.exists() else {}
    return {name: _from_older_version(values) if "order" in values else values for name, values in batches.items()}


def batch_entry(batch: str) -> BatchEntry:
    """The entry of one batch.

    Raises:
        ValueError: no such batch.
    """
    batches = known_batches()
    if batch not in batches:
        raise ValueError(f"batch {batch} is not in {BATCHES}: known are {', '.join(sorted(batches)) or 'none'}")
    return BatchEntry.model_validate(batches[batch])


def write_entry(batch: str, entry: BatchEntry) -> None:
    """Write one batch's entry; the file is touched only where the entry is another. One writer at a time."""
    batches, values = known_batches(), entry.model_dump(mode="json")
    if batches.get(batch) != values:
        write_whole(BATCHES, HEADING + yaml.safe_dump({"batches": {**batches, batch: values}}, sort_keys=False))


def _value(values: dict[str, Any], dotted: str) -> Any:
    name, _, key = dotted.partition(".")
    return values[name].get(key, "") if key else values[name]


def _from_older_version(values: dict[str, Any]) -> dict[str, Any]:
    """`order` held the batch with its path, and what is harmless stood beside it."""
    path = {"path": values["order"]["path"]} if "path" in values["order"] else {}
    harmless = {name: values[name] for name in Harmless.model_fields if name in values}
    kept = {name: values[name] for name in ("clip", "validation", "encoders", "encoding") if name in values}
    batch = {name: value for name, value in values["order"].items() if name != "path"}
    return {"batch": batch, **kept, "harmless": {"batch": path, **harmless}}
