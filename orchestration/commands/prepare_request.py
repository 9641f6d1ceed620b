"""What `graspline data prepare source=X ...` means, in the words of the configuration.

`source=X` takes conf/data/X.yaml. Of the other words, `path`, `clip.*` and whatever else that file has at its top
belong to the data group, groups like `encoding` stay what they are, and anything else is a field of the batch.
`batch=NAME` orders a batch of that name, made as the file's first training batch is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from data.config import DataConfig
from foundation.names import check_name
from orchestration.configuration.given_texts import from_folder
from orchestration.configuration.load_config import CONF, PipelineConfig

IS_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|[0-9]+")  # of Hydra; a date such as 2026-03-01 is none
EXAMPLE = "graspline data prepare source=raw_video path=FOLDER"


@dataclass(frozen=True)
class PrepareRequest:
    """Overrides as `graspline run` takes them, and the batches to prepare."""

    overrides: list[str]
    batches: list[str]


def read_prepare_request(words: Sequence[str], where: Path) -> PrepareRequest:
    """Translate the words of the command line; a path is relative to the folder `where` it was typed.

    Raises:
        ValueError: no source, a word that is no key=value, a batch is changed without a name of its own.
    """
    values = dict(_pair(word) for word in words)
    source, batch = values.pop("source", None), values.pop("batch", None)
    choices = sorted(file.stem for file in (CONF / "data").glob("*.yaml"))
    if source not in choices:
        raise ValueError(f"give source=X, one of {', '.join(choices)} (conf/data), as in: {EXAMPLE}")
    file = yaml.safe_load((CONF / f"data/{source}.yaml").read_text(encoding="utf-8"))
    first = file["train_batches"][0]
    split = list(dict.fromkeys([*file["train_batches"], *file["held_out_batches"]]))
    overrides = [f"data={source}"]
    for key, value in values.items():
        name, of_the_batch = _full_key(key, first)
        if of_the_batch and batch is None and len(split) > 1:
            raise ValueError(f"{key}={value} makes another batch than {first}: give it a name, batch=NAME")
        overrides += from_folder([f"{name}={value}"], where)
    if batch is None:
        return PrepareRequest(overrides, split)
    return PrepareRequest([*overrides, *_alone(batch, first, known=batch in file["batches"])], [batch])


def _pair(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not (key and equals):
        raise ValueError(f"{word!r} is not key=value, as in: {EXAMPLE}")
    return key, value


def _full_key(key: str, batch: str) -> tuple[str, bool]:
    """The key as the configuration has it, and whether it is a field of the batch."""
    head = key.lstrip("+~").partition(".")[0]
    if head in PipelineConfig.model_fields:
        return key, False
    if head in DataConfig.model_fields:
        return f"data.{key}", False
    return f"++data.batches.{batch}.{key}", True


def _alone(batch: str, model: str, known: bool) -> list[str]:
    """A batch of one's own, alone in its data set."""
    check_name(batch)
    same = f"${{data.batches.{model}}}"
    key = f"+data.batches.{batch}={same}" if IS_KEY.fullmatch(batch) else f"++data.batches={{{batch}:'{same}'}}"
    ordered = [] if known else [key]
    split = [f"data.{side}=['{batch}']" for side in ("train_batches", "held_out_batches")]  # quoted: it may be a number
    return [*ordered, *split, "data.held_out_is_trained_on=true"]
