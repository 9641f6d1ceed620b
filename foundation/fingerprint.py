"""What a result depends on, as one digest. Every field of a configuration decides, except where the field says not.

    log_every_steps: Annotated[int, DoesNotDecide("only how often the log is written")] = 10

So a new field counts without anybody remembering it, and a harmless one says why where it is defined.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import to_jsonable_python


@dataclass(frozen=True)
class DoesNotDecide:
    """Annotation of a field that changes how a result is reached, watched or kept, never the result itself."""

    why: str


def deciding(value: Any) -> Any:
    """Plain JSON values of a model (or of models in lists and mappings) without the fields that do not decide."""
    if isinstance(value, BaseModel):
        kept = (name for name, field in type(value).model_fields.items() if not _reason(field.metadata))
        return {name: deciding(getattr(value, name)) for name in kept}
    if isinstance(value, Mapping):
        return {str(key): deciding(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [deciding(item) for item in value]
    return to_jsonable_python(value)


def fingerprint(value: Any) -> str:
    """sha256 over `deciding(value)`, the same whatever the order of keys."""
    return hashlib.sha256(json.dumps(deciding(value), sort_keys=True).encode()).hexdigest()


def harmless_fields(model: type[BaseModel], prefix: str = "") -> dict[str, str]:
    """{dotted field: why it does not decide} of a model class and all that it holds."""
    found: dict[str, str] = {}
    for name, field in model.model_fields.items():
        if why := _reason(field.metadata):
            found[prefix + name] = why
            continue
        for below in _models_in(field.annotation):
            found |= harmless_fields(below, f"{prefix}{name}.")
    return found


def _reason(metadata: list[Any]) -> str:
    return next((mark.why for mark in metadata if isinstance(mark, DoesNotDecide)), "")


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
