"""Who a published tool is: its package, its version and the sha256 of its weights, for the record of every field."""

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from data.annotators.config import Tool
from data.contracts import Provenance
from foundation.digests import file_sha256

WEIGHTS = (".safetensors", ".onnx", ".ckpt", ".pt")


def provenance(tool: str, package: str, weights: Path, licence: str) -> Provenance:
    """The record of a tool that reads its weights from a file, or from a folder that `save_pretrained` wrote.

    Raises:
        ValueError: there are no weights.
    """
    return Provenance(
        tool=tool, version=f"{package} {version(package)}", weights_sha256=_digest(weights), licence=licence
    )


def weights_folder(tool: Tool, what: str) -> Path:
    """The folder that the configuration names.

    Raises:
        ValueError: it names none, or there is none; `what` should be there.
    """
    if tool.weights is None:
        raise ValueError(f"annotation tool {tool.kind} has no weights: set `weights: FOLDER`, {what}")
    folder = Path(tool.weights)
    if not folder.is_dir():
        raise ValueError(f"annotation tool {tool.kind}: {folder} is no folder: download {what} there")
    return folder


def _digest(weights: Path) -> str:
    files = [weights] if weights.is_file() else sorted(file for file in weights.rglob("*") if file.suffix in WEIGHTS)
    if not files:
        raise ValueError(f"{weights} holds no weights ({', '.join(WEIGHTS)}): download them there")
    digests = {file: file_sha256(file) for file in files}
    joined = "".join(f"{file.name} {digest}\n" for file, digest in digests.items())
    return sha256(joined.encode()).hexdigest() if len(files) > 1 else digests[files[0]]
