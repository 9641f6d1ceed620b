"""Verify an artifact folder: its bytes and its encoders' against the manifest, stage, keys, values.

    python -m model.artifact.verify FOLDER [--weights STAGE_TWO.safetensors]

With --weights the RGB-only proof is run again on stage two's weights.
"""

import argparse
from pathlib import Path

from foundation.digests import file_sha256, folder_digest
from model.artifact.proof import prove_rgb_only
from model.artifact.rgb_artifact import load_artifact


def verify(folder: Path, weights: Path | None) -> dict[str, str]:
    """Run every check on the folder.

    Returns:
        {check: result}.

    Raises:
        ValueError: names the file and the fix.
    """
    artifact = load_artifact(folder)
    results = {"digest": folder_digest(folder), "files": f"{len(artifact.manifest.files)} as in the manifest"}
    if weights is None:
        return results | {f"at export, {check}": result for check, result in artifact.manifest.proof.items()}
    if file_sha256(weights) != artifact.manifest.stage_two_weights_sha256:
        raise ValueError(f"{weights} is not what {folder} was exported from: name stage two's own weights")
    return results | prove_rgb_only(weights, folder, artifact.manifest.training[-1].attention)


def main() -> None:
    parser = argparse.ArgumentParser(description="Verify an RGB artifact.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, help="stage two's weights: run the proof again")
    arguments = parser.parse_args()
    for check, result in verify(arguments.folder, arguments.weights).items():
        print(f"{check}: {result}", flush=True)
    print("ok", flush=True)


if __name__ == "__main__":
    main()
