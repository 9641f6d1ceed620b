"""Who measured: the tool, its version, its weights' sha256 and licence, the device, the libraries that computed."""

from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from evaluation.contracts import MeasuredBy
from foundation.digests import file_sha256

WEIGHTS = (".safetensors", ".onnx")


def measured_by(
    tool: str, libraries: Sequence[str], licence: str, weights: Sequence[Path] = (), device: str = "cpu"
) -> MeasuredBy:
    """Args:
    tool: what measures, in words.
    libraries: distributions whose versions count; the first one's is the tool's.
    licence: of tool and weights, as SPDX names it.
    weights: files, and folders of which all weights count; of several, one digest over their digests.
    """
    files = [file for path in weights for file in (weight_files(path) if path.is_dir() else [path])]
    digests = [file_sha256(file) for file in files]
    joined = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
    versions = {name: version(name) for name in libraries}
    return MeasuredBy(
        tool=tool,
        version=next(iter(versions.values()), ""),
        weights_sha256=joined if digests else None,
        licence=licence,
        device=device,
        libraries=versions,
    )


def weight_files(folder: Path) -> list[Path]:
    """The weights in a folder.

    Raises:
        ValueError: there are none.
    """
    files = sorted(file for file in folder.rglob("*") if file.suffix in WEIGHTS)
    if not files:
        raise ValueError(f"{folder} holds no weights ({', '.join(WEIGHTS)}): put them there")
    return files
