"""The data section of the configuration, conf/data/*.yaml. Light: orchestration reads it too.

A batch's fields are its source's: see data.sources, where every source is found by its name.
"""

from typing import Annotated, Self

from pydantic import BaseModel, Field, ValidationInfo, field_validator, model_validator

from data.sources import BatchConfig, FoundBatch
from data.thresholds import ValidationThresholds
from foundation.addresses import Host
from foundation.bounds import Few, Once, PathText
from foundation.clip_format import ClipFormat
from foundation.fingerprint import DoesNotDecide
from foundation.map_items import MapKind
from foundation.names import Name


class DataConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/data/*.yaml."""

    # folder of the delivery, for batches that read one and name none (`data.path=...` on the command line)
    path: Annotated[PathText | None, DoesNotDecide("the digest of what lies in the folder decides")] = None
    clip: ClipFormat
    batches: Annotated[dict[Name, FoundBatch], Field(min_length=1)]  # batch name -> what was ordered
    train_batches: Annotated[list[Name], Field(min_length=1), Once]
    held_out_batches: Annotated[list[Name], Field(min_length=1), Once]
    train_on_arrivals: bool = False  # batches that arrived in datasets/raw join the training set
    held_out_is_trained_on: bool = False  # must be set on purpose, for the one-clip overfit demo
    validation: ValidationThresholds = ValidationThresholds()
    preparation_processes: Annotated[Few, DoesNotDecide("clips are independent")] = 2  # on this machine
    # over what clips are spread; ray: an extra, for many machines
    map: Annotated[MapKind, DoesNotDecide("every spread gives the same bytes")] = "processes"
    # of a running Ray cluster; none: Ray on this machine alone
    ray_address: Annotated[Host | None, DoesNotDecide("where clips are worked on")] = None

    @field_validator("batches")
    @classmethod
    def _path_reaches_its_batches(cls, batches: dict[str, BatchConfig], info: ValidationInfo) -> dict[str, BatchConfig]:
        path = info.data.get("path")
        return {
            name: batch.model_copy(update={"path": path}) if path and getattr(batch, "path", path) is None else batch
            for name, batch in batches.items()
        }

    @model_validator(mode="after")
    def _split_names_ordered_batches(self) -> Self:
        for name in (*self.train_batches, *self.held_out_batches):
            if name not in self.batches:
                raise ValueError(f"batch {name} is in the split but not ordered: add it under batches")
        shared = sorted(set(self.train_batches) & set(self.held_out_batches))
        if shared and not self.held_out_is_trained_on:
            raise ValueError(
                f"batch {shared[0]} is trained on and held out: take it from one list, or set "
                "held_out_is_trained_on: true for an overfit on purpose"
            )
        return self
