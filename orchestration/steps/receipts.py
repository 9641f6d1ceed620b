"""registry/receipts/<asset>[/<batch>].json: the newest receipt of each asset, sealed.

A file names the asset and the kind of receipt it is, so that no other one is taken for it.
"""

from pathlib import Path

from pydantic import BaseModel, ValidationError

import data.contracts
import evaluation.contracts
import model.contracts
import orchestration.registry.contracts
from foundation.names import check_name, is_name
from foundation.sealed_file import read_sealed, write_sealed

FOLDER = Path("registry/receipts")
CONTRACTS = (data.contracts, model.contracts, evaluation.contracts, orchestration.registry.contracts)
KINDS = {
    name: kind
    for contracts in CONTRACTS
    for name, kind in vars(contracts).items()
    if isinstance(kind, type) and issubclass(kind, BaseModel)
}


def write_receipt(receipt: BaseModel, asset: str, batch: str | None = None) -> None:
    """Keep one receipt, in the place of the one before it."""
    file = _file(asset, batch)
    file.parent.mkdir(parents=True, exist_ok=True)
    body = {"asset": asset, "batch": batch, "kind": type(receipt).__name__, "receipt": receipt.model_dump(mode="json")}
    write_sealed(file, body)


def load_receipt(asset: str, batch: str | None = None) -> BaseModel:
    """Read one receipt back.

    Raises:
        ValueError: it was never made, its text was changed, or it is another asset's or another version's.
    """
    file = _file(asset, batch)
    if not file.exists():
        raise ValueError(f"{asset} has not been made yet: materialise it first ({file} is missing)")
    again = f"remove it and materialise {asset} again"
    body = read_sealed(file, again)
    if (body["asset"], body["batch"]) != (asset, batch):
        raise ValueError(f"{file} is the receipt of {body['asset']}, not of {asset}: {again}")
    try:
        return KINDS[body["kind"]].model_validate(body["receipt"])
    except (KeyError, ValidationError) as error:
        raise ValueError(f"{file} was written by another version of Graspline: {again}") from error


def previous_receipt(asset: str, batch: str | None = None) -> BaseModel | None:
    """The newest receipt; None where there is none, or none that this version can read."""
    try:
        return load_receipt(asset, batch)
    except ValueError:
        return None


def has_receipt(asset: str, batch: str | None = None) -> bool:
    """Whether the asset was ever made."""
    return (batch is None or is_name(batch)) and _file(asset, batch).exists()


def _file(asset: str, batch: str | None) -> Path:
    return FOLDER / asset / f"{check_name(batch)}.json" if batch else FOLDER / f"{asset}.json"
