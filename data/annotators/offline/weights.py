"""Who an offline tool is: the version of its package, and the sha256 of the weights that it read.

The package's licence and its weights' are named where the tool is: wheels seldom use SPDX's names.
"""

from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from data.contracts import Provenance


def package_folder(package: str) -> Path:
    """Where a package's files lie, without importing it.

    Raises:
        ValueError: it is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"package {package} is missing: run `make setup-annotators`")
    return Path(spec.submodule_search_locations[0])


def provenance(tool: str, package: str, weights: Sequence[Path], licence: str) -> Provenance:
    """Args:
    tool: what did it, in words.
    package: the distribution whose version counts.
    weights: files read; of several, one digest over their digests in this order.
    licence: of tool and weights, as SPDX names it.
    """
    digests = [sha256(file.read_bytes()).hexdigest() for file in weights]
    joined = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
    return Provenance(tool=tool, version=version(package), weights_sha256=joined if digests else None, licence=licence)
