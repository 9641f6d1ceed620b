"""Resume checkpoints: complete or absent, hashed, and independent of the number of processes.

A checkpoint holds every trained parameter's fp32 master and its two Adam moments under the parameter's name, as
safetensors (DeepSpeed's own files are pickles without checksums and refuse another world size), plus `checkpoint.json`
with the step, the sha256 of every file and what the caller wants to get back, under a seal of its own. It is written
into a staging folder, fsynced, marked complete by `checkpoint.json`, and renamed; so a folder named `step_00000500` is
whole or was damaged later, which its hashes and the seal show.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from foundation.digests import file_sha256
from foundation.sealed_file import read_sealed, write_sealed

SHARD_BYTES = 2 * 1024**3
FACTS = "checkpoint.json"
_NAME = re.compile(r"step_[0-9]{8,}")
_AGAIN = "the checkpoint before it is used"


@dataclass(frozen=True)
class Checkpoint:
    """One intact checkpoint: `facts` is what `save_checkpoint` was given."""

    folder: Path
    step: int
    facts: dict[str, Any]

    def tensors(self, kind: str) -> Iterator[tuple[str, Tensor]]:
        """(name, tensor) of all that was saved as "<kind>/<name>", one after the other: never all in memory twice."""
        for file in sorted(self.folder.glob("*.safetensors")):
            yield from _tensors_of(file, f"{kind}/")


def save_checkpoint(
    folder: Path, step: int, tensors: Iterable[tuple[str, Tensor]], facts: dict[str, Any], keep: int
) -> Path:
    """Write `folder`/step_XXXXXXXX whole and remove all but the newest `keep` checkpoints. One process calls this."""
    staged = folder / f".step_{step:08d}.partial"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    files = _write_shards(staged, tensors)
    write_sealed(staged / FACTS, {"step": step, "files": files, "facts": facts})
    _sync_folder(staged)
    final = folder / f"step_{step:08d}"
    shutil.rmtree(final, ignore_errors=True)
    staged.rename(final)
    _sync_folder(folder)
    for old in _newest_first(folder)[keep:]:
        shutil.rmtree(old)
    return final


def newest_intact(folder: Path) -> Checkpoint | None:
    """The newest checkpoint whose files all have the sha256 they were written with; damaged ones are named."""
    for saved in _newest_first(folder):
        damage = _damage(saved)
        if damage is None:
            return open_checkpoint(folder, _step_of(saved))
        print(f"checkpoint {saved} is damaged ({damage}): using the one before it", flush=True)
    return None


def newest_saved(folder: Path) -> Path | None:
    """The newest checkpoint by name, unread."""
    return next(iter(_newest_first(folder)), None)


def open_checkpoint(folder: Path, step: int) -> Checkpoint:
    """The checkpoint of a step, which `newest_intact` has verified, perhaps in another process."""
    saved = folder / f"step_{step:08d}"
    return Checkpoint(saved, step, read_sealed(saved / FACTS, _AGAIN)["facts"])


def write_weights(file: Path, weights: dict[str, Tensor]) -> str:
    """Write consolidated weights whole (temporary name, fsync, rename); returns the sha256 of the file."""
    temporary = file.with_name(f".{file.name}.partial")
    save_file(weights, temporary)
    _sync_file(temporary)
    temporary.replace(file)
    _sync_folder(file.parent)
    return file_sha256(file)


def read_weights(file: Path, sha256: str | None = None) -> Iterator[tuple[str, Tensor]]:
    """Consolidated weights of a safetensors file, one after the other; verified before the first is read.

    Raises:
        ValueError: the file is missing, is no safetensors file, or has another sha256 than its receipt.
    """
    if not file.exists():
        raise ValueError(f"weights {file} do not exist: run the stage that makes them again")
    if sha256 is not None and file_sha256(file) != sha256:
        raise ValueError(f"weights {file} are not the ones in their receipt (sha256 differs): run that stage again")
    try:
        with safe_open(file, framework="pt"):
            return _tensors_of(file)
    except SafetensorError as error:
        raise ValueError(f"weights {file} are no intact safetensors file ({error}): run that stage again") from error


def load_into(network: nn.Module, tensors: Iterable[tuple[str, Tensor]], source: str) -> None:
    """Copy tensors into the network's trained parameters of the same name.

    Raises:
        ValueError: a name or shape does not fit, a value is not finite, or a parameter is not among them.
    """
    parameters = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    missing = set(parameters)
    for name, tensor in tensors:
        if name not in parameters or parameters[name].shape != tensor.shape:
            raise ValueError(f"{source}: {name} {tuple(tensor.shape)} does not fit: it is of another network or recipe")
        if not tensor.isfinite().all():
            raise ValueError(f"{source}: {name} holds NaN or infinite values: take an intact file or an earlier one")
        parameters[name].data.copy_(tensor)
        missing.remove(name)
    if missing:
        raise ValueError(f"{source} has no {min(missing)} ({len(missing)} missing): it is of another network or recipe")


def _tensors_of(file: Path, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """(name without the prefix, tensor) of all whose name begins with it."""
    with safe_open(file, framework="pt") as tensors:
        for key in tensors.keys():  # noqa: SIM118 safe_open is no dictionary
            if key.startswith(prefix):
                yield key.removeprefix(prefix), tensors.get_tensor(key)


def _write_shards(staged: Path, tensors: Iterable[tuple[str, Tensor]]) -> dict[str, str]:
    files: dict[str, str] = {}
    shard: dict[str, Tensor] = {}

    def flush() -> None:
        file = staged / f"{len(files):05d}.safetensors"
        save_file(shard, file)
        _sync_file(file)
        files[file.name] = file_sha256(file)
        shard.clear()

    for name, tensor in tensors:
        shard[name] = tensor.detach().to("cpu", torch.float32).contiguous()
        if sum(held.nbytes for held in shard.values()) >= SHARD_BYTES:
            flush()
    if shard:
        flush()
    return files


def _damage(saved: Path) -> str | None:
    """What is wrong with a checkpoint folder, None where nothing is."""
    if not (saved / FACTS).exists():
        return f"{FACTS} is missing"
    try:
        content = read_sealed(saved / FACTS, _AGAIN)
    except ValueError as error:
        return str(error)
    if content["step"] != _step_of(saved):
        return f"it was saved after step {content['step']}"
    for name, sha256 in content["files"].items():
        if not (saved / name).exists():
            return f"{name} is missing"
        if file_sha256(saved / name) != sha256:
            return f"{name} has other bytes than were written"
    return None


def _newest_first(folder: Path) -> list[Path]:
    return sorted((saved for saved in folder.glob("step_*") if _NAME.fullmatch(saved.name)), reverse=True)


def _step_of(saved: Path) -> int:
    return int(saved.name.removeprefix("step_"))


def _sync_file(file: Path) -> None:
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
