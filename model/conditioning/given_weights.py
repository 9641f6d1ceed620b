"""Where weights that somebody else trained lie: in folders that `save_pretrained` wrote."""

from pathlib import Path


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
