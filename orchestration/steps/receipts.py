"""registry/receipts/<retraining>/<asset>[/<batch>].json: what each retraining made, sealed.

A receipt belongs to the retraining that made it, so that two at once in one checkout never take each other's.
registry/receipts/latest/<configuration>/ is a view: the newest receipt of each asset (and batch) that was made under
that very configuration, for whoever comes from outside a retraining: one asset materialised on Dagster's page, a
sensor. A file names the asset and the kind of receipt it is, so that no other one is taken for it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

import data.contracts
import evaluation.contracts
import model.contracts
import orchestration.registry.contracts
from foundation.digests import text_sha256
from foundation.fingerprint import fingerprint
from foundation.names import check_name, is_name
from foundation.sealed_file import read_sealed, write_sealed
from orchestration.configuration.pipeline_config import PipelineConfig

FOLDER = Path("registry/receipts")
LATEST = FOLDER / "latest"
CONTRACTS = (data.contracts, model.contracts, evaluation.contracts, orchestration.registry.contracts)
KINDS = {
    name: kind
    for contracts in CONTRACTS
    for name, kind in vars(contracts).items()
    if isinstance(kind, type) and issubclass(kind, BaseModel)
}


@dataclass(frozen=True)
class Receipts:
    """The receipts as one retraining sees them: its own, and behind them the newest ones of its configuration."""

    config: PipelineConfig
    retraining: str | None = None  # None: of whoever only looks

    def write(self, receipt: BaseModel, asset: str, batch: str | None = None) -> None:
        """Keep one receipt of this retraining, and as the newest of its configuration."""
        assert self.retraining
        body = {
            "asset": asset,
            "batch": batch,
            "kind": type(receipt).__name__,
            "receipt": receipt.model_dump(mode="json"),
            "retraining": self.retraining,
            "made_ns": time.time_ns(),
            "sections": {name: fingerprint(section) for name, section in self.config},
        }
        for file in (_file(FOLDER / self.retraining, asset, batch), _file(self._view, asset, batch)):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_sealed(file, body)

    def load(self, asset: str, batch: str | None = None) -> BaseModel:
        """Read one receipt back.

        Raises:
            ValueError: it was never made, its text was changed, or it is another asset's or another version's.
        """
        for folder in self._folders():
            if (file := _file(folder, asset, batch)).exists():
                return _read(file, asset, batch)
        missing = _file(self._view, asset, batch)
        raise ValueError(f"{asset} has not been made yet: materialise it first ({missing} is missing)")

    def previous(self, asset: str, batch: str | None = None) -> BaseModel | None:
        """The newest receipt; None where there is none, or none that this version can read."""
        try:
            return self.load(asset, batch)
        except ValueError:
            return None

    def has(self, asset: str, batch: str | None = None) -> bool:
        """Whether the asset was ever made, as it is configured."""
        named = batch is None or is_name(batch)
        return named and any(_file(folder, asset, batch).exists() for folder in self._folders())

    @property
    def _view(self) -> Path:
        return LATEST / text_sha256(self.config.model_dump_json())[:16]

    def _folders(self) -> list[Path]:
        return [*([FOLDER / self.retraining] if self.retraining else []), self._view]


def newest(asset: str, sections: Mapping[str, BaseModel]) -> BaseModel:
    """The newest receipt of an asset, of any configuration that has these sections.

    Raises:
        ValueError: there is none.
    """
    wanted = {name: fingerprint(section) for name, section in sections.items()}
    found = [(body["made_ns"], file) for file, body in _bodies(asset) if wanted.items() <= body["sections"].items()]
    if not found:
        raise ValueError(f"{asset} has not been made with this {' and '.join(wanted)} yet: `graspline run` makes it")
    return _read(max(found)[1], asset, None)


def _bodies(asset: str) -> list[tuple[Path, dict[str, Any]]]:
    """The newest receipts of an asset, one a configuration, as far as they can be read."""
    found: list[tuple[Path, dict[str, Any]]] = []
    for file in LATEST.glob(f"*/{asset}.json"):
        try:
            found.append((file, read_sealed(file, "")))
        except ValueError:
            continue
    return found


def _read(file: Path, asset: str, batch: str | None) -> BaseModel:
    again = f"remove it and materialise {asset} again"
    body = read_sealed(file, again)
    if (body["asset"], body["batch"]) != (asset, batch):
        raise ValueError(f"{file} is the receipt of {body['asset']}, not of {asset}: {again}")
    try:
        return KINDS[body["kind"]].model_validate(body["receipt"])
    except (KeyError, ValidationError) as error:
        raise ValueError(f"{file} was written by another version of Graspline: {again}") from error


def _file(folder: Path, asset: str, batch: str | None) -> Path:
    return folder / asset / f"{check_name(batch)}.json" if batch else folder / f"{asset}.json"
