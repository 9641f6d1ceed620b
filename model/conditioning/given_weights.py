"""Weights that somebody else trained: the folders that `save_pretrained` wrote, and what lies in them.

A path says nothing of its content, so the content is what counts: it decides the encoders of a data set, and an
artifact loads with the very files that it was trained with. Files are hashed once, then asked for their stamps.
"""

from collections.abc import Mapping
from pathlib import Path

from foundation.digests import digests_of, file_names
from model.contracts import EncodingConfig


def weights_folder(encoder: str, weights: str | None) -> Path:
    """The folder that `encoding.<encoder>.weights` names.

    Raises:
        ValueError: it is not set, or there is no such folder.
    """
    if weights is None:
        raise ValueError(f"encoding.{encoder}.weights is not set: name the folder that save_pretrained wrote")
    folder = Path(weights)
    if not (folder / "config.json").exists():
        raise ValueError(f"encoding.{encoder}.weights: {folder} holds no config.json: put the weights there first")
    return folder


def given_weights(encoding: EncodingConfig) -> dict[str, str]:
    """sha256 of every file of the given weights: other weights are other encoders. A missing folder has none."""
    configured = (encoding.latent_codec, encoding.text_encoder, encoding.audio_encoder)
    folders = sorted({Path(config.weights) for config in configured if config.weights})
    digests = {folder: digests_of(folder, file_names(folder)) for folder in folders}
    return {str(folder / name): digest for folder in folders for name, digest in digests[folder].items()}


def assert_given(weights: Mapping[str, str]) -> None:
    """Hold given weights against the digests that a model was trained with: {file: sha256}.

    Raises:
        ValueError: one of them is missing or another one.
    """
    by_folder: dict[Path, list[str]] = {}
    for file in map(Path, weights):
        by_folder.setdefault(file.parent, []).append(file.name)
    for folder, names in by_folder.items():
        there = digests_of(folder, [name for name in names if (folder / name).is_file()])
        for name in names:
            if there.get(name) != weights[str(folder / name)]:
                raise ValueError(
                    f"{folder / name} is not what the model was trained with: put that version of the weights there"
                )
