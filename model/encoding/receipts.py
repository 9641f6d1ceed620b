"""Receipts of the fitted encoders and of an encoded batch, read off their folders. Imports no torch."""

import json
from pathlib import Path
from typing import Any

from data.versions.batch_receipts import folder_digest
from model.contracts import EncodedBatch, Encoders


def encoders_receipt(batch: str) -> Encoders:
    """Receipt of datasets/encoders/<batch>. ValueError: it was not fitted."""
    folder = Path("datasets/encoders") / batch
    about = _read(folder / "encoders.json", f"fit the encoders first (python -m model.encoding.fit_encoders {batch})")
    return Encoders(folder=str(folder), digest=folder_digest(folder), captions=about["captions"])


def encoded_receipt(batch: str) -> EncodedBatch:
    """Receipt of datasets/encoded/<batch>. ValueError: it was not encoded."""
    folder = Path("datasets/encoded") / batch
    index = _read(folder / "index.json", f"encode the batch first (python -m model.encoding.encode_clips {batch})")
    return EncodedBatch(
        batch=batch,
        folder=str(folder),
        clips=len(index["clips"]),
        digest=folder_digest(folder),
        prepared_digest=index["prepared_digest"],
        encoders_digest=index["encoders_digest"],
    )


def _read(file: Path, fix: str) -> dict[str, Any]:
    if not file.exists():
        raise ValueError(f"{file} is missing: {fix}")
    return json.loads(file.read_text())
