"""conf/** -> Hydra -> pydantic, once, in the launcher: the only owner of Hydra.

Children and ranks never compose: they read the `config.yaml` that `RunFolder.order` wrote from `as_dict`.
"""

import difflib
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from data.sources import BatchConfig, config_classes
from foundation.addresses import redacted
from orchestration.configuration.agreement import check_agreement
from orchestration.configuration.composed_before import composed_once
from orchestration.configuration.given_texts import kind_of, put_back, set_aside
from orchestration.configuration.pipeline_config import PipelineConfig as PipelineConfig

CONF = Path(__file__).resolve().parents[2] / "conf"
_COMPOSING = threading.Lock()  # Hydra's compose is not thread-safe


def load_config(overrides: Sequence[str] = ()) -> PipelineConfig:
    """The whole configuration: every value checked, and that the sections agree with each other and this machine.

    Raises:
        ValueError: as of load_sections, or two sections contradict each other; names the keys and the fix.
    """
    config = load_sections(overrides)
    check_agreement(config)
    return config


def load_sections(overrides: Sequence[str] = ()) -> PipelineConfig:
    """Compose conf/pipeline.yaml with the overrides and check every value, for work that needs some sections only.

    Clips are prepared without asking whether the network of the same configuration could take them in.

    Raises:
        ValueError: an unknown override, group or key, or a value of the wrong kind; names the nearest valid one.
    """
    plain, texts = set_aside(overrides)
    try:
        values = put_back(_composed(plain), texts)
    except _RefusedError as error:
        message = put_back(str(error), texts)
        raise ValueError(redacted(message if error.final else _explain(message, overrides))) from None
    values.pop("experiment", None)
    try:
        return PipelineConfig.model_validate(values)
    except ValidationError as error:
        raise ValueError(redacted(_explain_values(error))) from None


class _RefusedError(Exception):
    """Hydra does not compose it; `final`: the message is for people already."""

    def __init__(self, message: str, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


def _composed(overrides: Sequence[str]) -> dict[str, Any]:
    settable = [_settable(override) for override in overrides]
    return composed_once(CONF, settable, lambda: _compose(settable))


def _compose(overrides: Sequence[str]) -> dict[str, Any]:
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

    try:
        with _COMPOSING, initialize_config_dir(str(CONF)):
            composed = compose("pipeline", overrides=list(overrides))
        values = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        raise _RefusedError(
            f"{error.full_key} is required and has no default: say {error.full_key}=VALUE", True
        ) from error
    except (HydraException, OmegaConfBaseException) as error:
        raise _RefusedError(str(error)) from error
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def valid_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every dotted key below a config model, for messages; NAME stands for a name that the user gives."""
    keys: list[str] = []
    for name, field in model.model_fields.items():
        keys.append(prefix + name)
        below = f"{prefix}{name}.NAME." if get_origin(field.annotation) is dict else f"{prefix}{name}."
        for kind in _models_in(field.annotation):
            keys += valid_keys(kind, below)
    return list(dict.fromkeys(keys))


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if annotation is BatchConfig:
        return list(config_classes())
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _settable(override: str) -> str:
    """Hydra sets only what a file says; this lets a value that its model gives by default be set like any other."""
    key = override.partition("=")[0]
    return f"++{override}" if "." in key and key in valid_keys(PipelineConfig) else override


def _explain(message: str, overrides: Sequence[str]) -> str:
    keys = valid_keys(PipelineConfig)
    hints: list[str] = []
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        folder = CONF / key
        if folder.is_dir():
            choices = sorted(file.stem for file in folder.glob("*.yaml"))
            if value not in choices:
                hints.append(f"{override}: conf/{key} has {', '.join(choices)}")
        elif not _is_known(key, keys):
            hints.append(f"{override}: unknown key{_nearest(key, keys)}")
        elif f"Could not override '{key}'" in message:
            hints.append(f"{override}: the batch does not say {key.rpartition('.')[2]} yet, add it with +{override}")
    hints = hints or [hint for override in overrides if (hint := _unreadable(override))]
    return "; ".join(hints) or f"configuration: {message.splitlines()[0]}"


def _unreadable(override: str) -> str:
    """Why Hydra's grammar does not take the value, and the quoting that works."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    key = override.lstrip("+~").partition("=")[0]
    if kind_of(key).text:
        return ""
    if not re.fullmatch(r"[A-Za-z0-9_.@/-]+", key):
        return f"{override}: a name in {key} has other characters than A-Z, a-z, 0-9, _ and -: choose another"
    quoting = "a text inside a list or a mapping stands between single quotes, as in KEY=['März', 'a, b'] (\\' for one)"
    try:
        parsed = OverridesParser.create().parse_override(override)
    except HydraException:
        return f"{override}: cannot be read; {quoting}"
    return f"{override}: several values; give one, and {quoting}" if parsed.is_sweep_override() else ""


def _is_known(key: str, keys: Sequence[str]) -> bool:
    """Whether a key exists, stands above one that does, or below a mapping, where names are the user's."""
    named = _with_names_of(key, keys)
    leaves = [other for other in named if not any(longer.startswith(f"{other}.") for longer in named)]
    return any(other == key or other.startswith(f"{key}.") for other in named) or any(
        key.startswith(f"{leaf}.") for leaf in leaves
    )


def _with_names_of(key: str, keys: Sequence[str]) -> list[str]:
    """The keys, with the names that this key uses where they say NAME."""
    parts = key.split(".")
    return [
        ".".join(parts[at] if part == "NAME" and at < len(parts) else part for at, part in enumerate(other.split(".")))
        for other in keys
    ]


def _explain_values(error: ValidationError) -> str:
    lines: list[str] = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        near = _nearest(key, valid_keys(PipelineConfig)) if problem["type"] == "extra_forbidden" else ""
        lines.append(f"conf: {key}: {problem['msg'].removeprefix('Value error, ')}{near}")
    return "; ".join(lines)


def _nearest(key: str, keys: Sequence[str]) -> str:
    named = _with_names_of(key, keys)
    (group, *_), (*_, field) = key.split("."), key.split(".")
    same = [other for other in named if other.split(".")[0] == group and other.split(".")[-1] == field]
    near = difflib.get_close_matches(key, same or named, n=1, cutoff=0.5)
    return f", did you mean {near[0]}?" if near else ""
