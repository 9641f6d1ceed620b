"""Texts on the command line are taken as they stand: `tracking.experiment=März #1, "final"` means just that.

Hydra's own grammar gives `=`, commas, quotes, brackets, `#`, `$`, digits and every letter that is not English a meaning
or an error. So the value of a field that holds a text never passes through it: a placeholder does, and is exchanged
for the text when all is composed, wherever it was copied to. A relative path becomes the caller's.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from os.path import normpath
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from data.sources import BatchConfig, config_classes
from foundation.bounds import IsPath

SQLITE = "sqlite:///"


class Kind(NamedTuple):
    """What a field holds, as far as it matters here."""

    text: bool
    path: bool
    optional: bool


def set_aside(overrides: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Overrides with placeholders in place of the texts they give, and {placeholder: text}."""
    plain: list[str] = []
    texts: dict[str, str] = {}
    for number, override in enumerate(overrides):
        key, equals, value = override.partition("=")
        kind = kind_of(key.lstrip("+~"))
        if not equals or not kind.text or (kind.optional and value.strip() == "null"):
            plain.append(override)
            continue
        placeholder = f"given_text_{number}_"
        texts[placeholder] = value
        plain.append(f"{key}={placeholder}")
    return plain, texts


def put_back(values: Any, texts: dict[str, str]) -> Any:
    """Composed values with the texts in place of their placeholders."""
    if isinstance(values, dict):
        return {put_back(key, texts): put_back(value, texts) for key, value in values.items()}
    if isinstance(values, list):
        return [put_back(value, texts) for value in values]
    if isinstance(values, str):
        for placeholder, text in texts.items():
            values = values.replace(placeholder, text)
    return values


def from_folder(overrides: Sequence[str], where: Path) -> list[str]:
    """The overrides with every relative path in them made absolute: it was typed in the folder `where`."""
    return [_from_folder(override, where) for override in overrides]


def _from_folder(override: str, where: Path) -> str:
    key, equals, value = override.partition("=")
    kind = kind_of(key.lstrip("+~"))
    if not equals or not value or (kind.optional and value.strip() == "null"):
        return override
    if kind.path and "://" not in value:
        return f"{key}={normpath(where / Path(value).expanduser())}"
    if kind.text and value.startswith(SQLITE) and not value.startswith(f"{SQLITE}/"):
        return f"{key}={SQLITE}{where / value.removeprefix(SQLITE)}"
    return override


def kind_of(key: str) -> Kind:
    """What the field of a dotted key holds, by the models of the configuration; of a key that is unknown: nothing."""
    from orchestration.configuration.pipeline_config import PipelineConfig

    kinds = [PipelineConfig]
    annotations: list[Any] = []
    for part in key.split("."):
        annotations = [below for kind in kinds for below in _below(kind, part)]
        kinds = [model for annotation in annotations for model in _holders(annotation)]
    found = [kind for annotation in annotations if (kind := _kind(annotation)).text]
    return found[0] if found else Kind(False, False, False)


def _below(holder: Any, name: str) -> list[Any]:
    """The annotation of a model's field, or of a mapping's value."""
    if isinstance(holder, type) and issubclass(holder, BaseModel):
        field = holder.model_fields.get(name)
        return [] if field is None else [_with_marks(field)]
    return [get_args(holder)[1]]


def _with_marks(field: Any) -> Any:
    return (field.annotation, *field.metadata)


def _holders(annotation: Any) -> list[Any]:
    """Models and mappings that a value of this annotation may be."""
    if annotation is BatchConfig:
        return list(config_classes())
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is dict:
        return [annotation]
    return [holder for part in _parts(annotation) for holder in _holders(part)]


def _parts(annotation: Any) -> tuple[Any, ...]:
    if isinstance(annotation, tuple):
        return annotation
    return get_args(annotation) if get_origin(annotation) in (Annotated, Union, UnionType) else ()


def _kind(annotation: Any) -> Kind:
    """Of one annotation, with all that is written around it."""
    leaves = list(_leaves(annotation))
    words = [leaf for leaf in leaves if get_origin(leaf) is Literal and isinstance(get_args(leaf)[0], str)]
    text = bool(words) or str in leaves or date in leaves
    return Kind(text, any(isinstance(leaf, IsPath) for leaf in leaves), type(None) in leaves)


def _leaves(annotation: Any) -> Iterator[Any]:
    """The types and marks that an annotation is put together of."""
    parts = _parts(annotation)
    if not parts:
        yield annotation
    for part in parts:
        yield from _leaves(part)
