"""A batch's entry in datasets/batches.yaml: everything that its DVC stages read, written by the launcher out of conf/.

What decides a stage's bytes are whole fields of the entry, the digest of the stage's own code among them: dvc.yaml
names them as the stage's params (DECIDES; a test holds both equal). What decides no byte stands apart in `harmless`.
Small, without DVC, Great Expectations or torch: everything that reads a batch may import it.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ValidationError

from data.thresholds import ValidationThresholds
from foundation.bounds import Few
from foundation.clip_format import ClipFormat
from foundation.fingerprint import DoesNotDecide, fingerprint
from foundation.map_items import MapKind, Spread
from foundation.names import Name, check_name, is_name
from foundation.texts import read_text
from foundation.whole_file import write_whole

BATCHES = Path("datasets/batches.yaml")
RAW = Path("datasets/raw")
HEADING = "# Every batch and all that its DVC stages read; written by the launcher out of conf/, one entry a batch.\n"
Stage = Literal["prepare", "encoders", "encode"]
DECIDES = {
    "raw": ("batch", "clip"),
    "prepare": ("batch", "clip", "validation", "code.prepare"),
    "encoders": ("clip", "encoding", "weights", "code.encoders"),
    "encode": ("clip", "encoding", "weights", "encoders", "code.encode"),
}


class _Dumper(yaml.SafeDumper):
    """Quotes also what DVC, which reads YAML 1.2, takes for a number: a batch may be called 1e5."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[0-9]+[eE][0-9]+|0o[0-7]+"), list("0123456789"))


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
    encoders: Name  # the batch whose encoders this one is encoded with
    encoding: dict[str, Any]  # model.contracts.EncodingConfig, which this layer does not know
    weights: dict[
        str, str
    ] = {}  # file of given encoder weights -> sha256: another file in its place is noticed at once
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


def is_ordered(batch: str, entry: BatchEntry) -> bool:
    """Whether the batch is ordered so now, as far as it decides anything; what cannot be read is not."""
    values = known_batches().get(batch)
    try:
        return values is not None and fingerprint(BatchEntry.model_validate(values)) == fingerprint(entry)
    except ValidationError:
        return False


def stage_identities(entry: BatchEntry) -> dict[str, str]:
    """{"raw", "prepare", "encoders", "encode"} -> fingerprint of all in the entry that decides that stage's bytes."""
    values = entry.model_dump(mode="json")
    return {stage: fingerprint([_value(values, name) for name in names]) for stage, names in DECIDES.items()}


def known_batches() -> dict[str, dict[str, Any]]:
    """Every batch ever ordered, as datasets/batches.yaml has it; entries of older versions as this one writes them.

    What is no name is left out, and out of the file when it is written next: DVC reads all of it.
    """
    named = {name: values for name, values in _all_entries().items() if isinstance(name, str) and is_name(name)}
    return {name: _from_older_version(values) if "order" in values else values for name, values in named.items()}


def batch_of_stage(stage: str) -> str:
    """The batch that a stage's process is about: DVC calls the stage prepare@BATCH, a person may write BATCH.

    Raises:
        ValueError: it is no name.
    """
    return check_name(stage.rpartition("@")[2])


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
    """Write one batch's entry; the file is touched only where the entry is another. One writer at a time.

    Raises:
        ValueError: the batch's name is none.
    """
    batches = {**known_batches(), check_name(batch): entry.model_dump(mode="json")}
    if batches != _all_entries():
        write_whole(BATCHES, HEADING + yaml.dump({"batches": batches}, Dumper=_Dumper, sort_keys=False))


def _all_entries() -> dict[Any, dict[str, Any]]:
    return (yaml.safe_load(read_text(BATCHES)) or {}).get("batches") or {} if BATCHES.exists() else {}


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
