"""Who decides: the account or the configured name, and what a file of roles lets them do.

A name is what somebody says of themselves, on a machine that let them in; the entry says how it is known. It is proof
against mistakes, not against whoever may write to the registry's database.
"""

import getpass
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import TypeAdapter, ValidationError

from orchestration.configuration.approval import ApprovalConfig
from orchestration.registry.entries import Action


class Approver(NamedTuple):
    """Who, and how that is known."""

    actor: str
    known_by: str


def approver(config: ApprovalConfig, action: Action) -> Approver:
    """Who is deciding.

    Raises:
        ValueError: there is a file of roles, and it does not let them; or it cannot be read.
    """
    who = Approver(config.actor, "approval.actor") if config.actor else Approver(getpass.getuser(), "account")
    if config.roles is not None:
        may = _roles(Path(config.roles)).get(action, [])
        if who.actor not in may:
            named = ", ".join(may) or "nobody"
            raise ValueError(f"{who.actor} may not {action}: {config.roles} lets {named}; ask one of them")
    return who


def _roles(file: Path) -> dict[str, list[str]]:
    fix = "write lines such as `promote: [ada, ben]` into it, for approve, refuse, promote and rollback"
    try:
        return TypeAdapter(dict[str, list[str]]).validate_python(yaml.safe_load(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ValueError(f"approval.roles: {file} is missing: {fix}") from error
    except (ValidationError, yaml.YAMLError) as error:
        raise ValueError(f"approval.roles: {file} cannot be read: {fix}") from error
