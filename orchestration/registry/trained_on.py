"""Which registered models were trained on whose clips, kept for as long as the registry is.

registry/training_sets/<train digest>.json names every clip of a training set with its person and product, written when
the set is put together: the encoded batches themselves change with the next delivery or withdrawal.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from data.clips.manifest import NAME as MANIFEST
from data.versions.batch_receipts import PREPARED
from data.versions.encoded_index import read_clips
from data.versions.withdrawals import Withdrawal
from foundation.json_lines import read_json_lines
from foundation.names import normal_identity
from foundation.state_file import read_state
from foundation.whole_file import write_whole
from model.contracts import EncodedBatch
from orchestration.registry.models import ModelRegistry

FOLDER = Path("registry/training_sets")


class TrainedModel(NamedTuple):
    """A registered version and the withdrawn clips it was trained on; None: no longer known."""

    version: str
    alias: str
    clips: list[str] | None


def remember_training_set(train_digest: str, batches: Sequence[EncodedBatch]) -> None:
    """Write down which clips of whom are in it, under which licence, and when the person consented."""
    clips = {
        f"{batch.batch}/{clip_id}": [clip.person_id, clip.product_id, *rights.get(clip_id, ("", ""))]
        for batch in batches
        for rights in [_rights(batch.batch)]
        for clip_id, clip in read_clips(Path(batch.folder)).items()
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_whole(FOLDER / f"{train_digest}.json", json.dumps(clips, indent=1))


def training_set_clips(train_digest: str) -> dict[str, list[str]] | None:
    """BATCH/CLIP -> [person, product, licence, date of consent] of a training set; None: it is not known."""
    file = FOLDER / f"{train_digest}.json"
    try:
        return read_state(file, dict[str, list[str]], "it is written anew when the set is put together again")
    except ValueError:
        return None


def known_training_sets() -> list[str]:
    """The train digest of every training set that was put together here."""
    return sorted(file.stem for file in FOLDER.glob("*.json"))


def models_trained_on(models: ModelRegistry, withdrawal: Withdrawal) -> list[TrainedModel]:
    """Every registered version that was trained on a withdrawn clip, or of which that is no longer known."""
    named = {version: alias for alias, version in models.aliases().items()} if models.versions() else {}
    trained: list[TrainedModel] = []
    for version in models.versions():
        artifact, _ = models.release(version)
        clips = _clips_of(artifact.train_digest, withdrawal)
        if clips is None or clips:
            trained.append(TrainedModel(version, named.get(version, ""), clips))
    return trained


def _clips_of(train_digest: str, withdrawal: Withdrawal) -> list[str] | None:
    clips = training_set_clips(train_digest)
    if clips is None:
        return None
    return [name for name, ids in clips.items() if withdrawal.covers(*map(normal_identity, ids[:2]))]


def _rights(batch: str) -> dict[str, tuple[str, str]]:
    """Clip -> its licence and its person's consent, as they were delivered."""
    manifest = PREPARED / batch / MANIFEST
    if not manifest.exists():
        return {}
    rows = (dict[str, Any](values) for _, values in read_json_lines(manifest))
    return {str(row["clip_id"]): (row.get("licence") or "", row.get("consent_date") or "") for row in rows}
