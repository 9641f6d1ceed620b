"""One retraining: all that was started together. Its id, who started it and with which overrides go along as tags."""

import getpass
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel

from foundation.run_tags import VARIABLE
from orchestration.steps.source_state import source_state

Origin = Literal["person", "schedule", "sensor", "page"]
ID, ORIGIN, STARTED_BY = "graspline/retraining", "graspline/origin", "graspline/started_by"
OVERRIDES, COMMIT, TREE = "graspline/overrides", "graspline/commit", "graspline/tree"


class Retraining(BaseModel, frozen=True, extra="forbid"):
    """What was started together, by whom, with which overrides."""

    id: str
    origin: Origin
    started_by: str  # a person, or the name of the schedule or sensor
    overrides: tuple[str, ...] = ()
    commit: str = ""  # of the code; empty: no git checkout
    clean: bool = False  # whether the code is as committed

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
            COMMIT: self.commit,
            TREE: "as committed" if self.clean else "changed",
        }

    def environment(self) -> dict[str, str]:
        """The same for child processes, which tag their MLflow runs with it."""
        return {VARIABLE: json.dumps(self.tags())}


def begin_retraining(overrides: Sequence[str]) -> Retraining:
    """A new one, started by this person; its id begins with the time."""
    number = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    who = {"origin": "person", "started_by": getpass.getuser()}
    return Retraining.model_validate({"id": number, **who, **_what(overrides)})


def retraining_of(tags: Mapping[str, str], run_id: str, overrides: Sequence[str]) -> Retraining:
    """Which one a Dagster run belongs to: what its tags say, else it is one of its own.

    A run that Dagster continues carries on the retraining of the one it continues.
    """
    if ID in tags:
        who = {"id": tags[ID], "origin": tags[ORIGIN], "started_by": tags[STARTED_BY]}
    else:
        origin, by = _origin(tags)
        who = {"id": tags.get("dagster/root_run_id", run_id), "origin": origin, "started_by": by}
    return Retraining.model_validate({**who, **_what(overrides)})


def _what(overrides: Sequence[str]) -> dict[str, Any]:
    return {"overrides": tuple(overrides), **source_state()._asdict()}


def _origin(tags: Mapping[str, str]) -> tuple[Origin, str]:
    if name := tags.get("dagster/schedule_name"):
        return "schedule", name
    if name := tags.get("dagster/sensor_name"):
        return "sensor", name
    return "page", getpass.getuser()
