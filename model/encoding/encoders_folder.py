"""datasets/encoders/<batch>: which encoders a data set is encoded with. encoders.json and the encoded empty prompt.

Files that an encoder was fitted into lie beside them; the encoder's own module reads and writes those.
"""

import json
import shutil
from pathlib import Path

from pydantic import BaseModel
from safetensors.torch import load_file, save_file
from torch import Tensor

from foundation.state_file import read_state
from foundation.whole_file import write_whole
from model.contracts import EncodingConfig

ENCODERS_FILE, EMPTY_TEXT = "encoders.json", "empty_text.safetensors"


class EncodersFile(BaseModel, frozen=True, extra="forbid"):
    """encoders.json."""

    encoding: EncodingConfig
    captions: dict[str, str]  # encoder -> one line for people
    weights_sha256: dict[str, str]  # every file of given weights


def write_encoders(folder: Path, file: EncodersFile, empty_text_LD: Tensor) -> None:
    """encoders.json, last, and the empty prompt."""
    save_file({"text_LD": empty_text_LD}, folder / EMPTY_TEXT)
    write_whole(folder / ENCODERS_FILE, json.dumps(file.model_dump(), indent=1))


def read_encoders(folder: Path) -> EncodersFile:
    """encoders.json. ValueError: the encoders were not fitted."""
    file = folder / ENCODERS_FILE
    if not file.exists():
        raise ValueError(
            f"{file} is missing: fit the encoders first (python -m model.encoding.fit_encoders {folder.name})"
        )
    return read_state(
        file, EncodersFile, f"fit the encoders again (python -m model.encoding.fit_encoders {folder.name})"
    )


def copy_empty_text(encoders: Path, encoded: Path) -> None:
    """An encoded batch has the empty prompt of its encoders beside its shards."""
    shutil.copyfile(encoders / EMPTY_TEXT, encoded / EMPTY_TEXT)


def read_empty_text(folder: Path) -> Tensor:
    """text_LD fp32 of the empty prompt."""
    return load_file(folder / EMPTY_TEXT)["text_LD"].float()
