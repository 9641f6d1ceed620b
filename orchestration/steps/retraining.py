"""One retraining: all that was started together. Its id, who started it and with which overrides go along as tags."""

import getpass
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel

from foundation.run_tags import VARIABLE

Origin = Literal["person", "schedule", "sensor", "page"]
ID, ORIGIN, STARTED_BY, OVERRIDES = (
    "graspline/retraining",
    "graspline/origin",
    "graspline/started_by",
    "graspline/overrides",
)


class Retraining(BaseModel, frozen=True, extra="forbid"):
    """What was started together, by whom, with which overrides."""

    id: str
    origin: Origin
    started_by: str  # a person, or the name of the schedule or sensor
    overrides: tuple[str, ...] = ()

    @property
    def who(self) -> str:
        """For those who wait for it."""
        return f"run {self.id} ({self.origin} {self.started_by}, process {os.getpid()})"

    def tags(self) -> dict[str, str]:
        """As Dagster's and MLflow's runs carry it."""
        return {
            ID: self.id,
            ORIGIN: self.origin,
            STARTED_BY: self.started_by,
            OVERRIDES: json.dumps(list(self.overrides)),
        }

    def environment(self) -> dict[str, str]:
        """The same for child processes, which tag their MLflow runs with it."""
        return {VARIABLE: json.dumps(self.tags())}


def begin_retraining(overrides: Sequence[str]) -> Retraining:
    """A new one, started by this person; its id begins with the time."""
    number = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    return Retraining(id=number, origin="person", started_by=getpass.getuser(), overrides=tuple(overrides))


def retraining_of(tags: Mapping[str, str], run_id: str, overrides: Sequence[str]) -> Retraining:
    """Which one a Dagster run belongs to: what its tags say, else it is one of its own.

    A run that Dagster continues carries on the retraining of the one it continues.
    """
    if ID in tags:
        said = {"id": tags[ID], "origin": tags[ORIGIN], "started_by": tags[STARTED_BY]}
        return Retraining.model_validate({**said, "overrides": json.loads(tags[OVERRIDES])})
    origin, by = _origin(tags)
    root = tags.get("dagster/root_run_id", run_id)
    return Retraining(id=root, origin=origin, started_by=by, overrides=tuple(overrides))


def _origin(tags: Mapping[str, str]) -> tuple[Origin, str]:
    if name := tags.get("dagster/schedule_name"):
        return "schedule", name
    if name := tags.get("dagster/sensor_name"):
        return "sensor", name
    return "page", getpass.getuser()
