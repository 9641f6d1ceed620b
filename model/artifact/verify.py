"""Verify an artifact folder: its bytes and its encoders' against the manifest, stage, keys, values.

    python -m model.artifact.verify FOLDER [runs/<id>] [--weights STAGE_TWO.safetensors]

With --weights the RGB-only proof is run again on stage two's weights. With a run folder the outcome is left there as
result.json.
"""

import argparse
from pathlib import Path

from model.artifact.proof import prove_rgb_only
from model.artifact.rgb_artifact import artifact_digest, file_sha256, load_artifact
from model.artifact.run_files import write_result


def verify(folder: Path, weights: Path | None) -> dict[str, str]:
    """Everything that can be known about the folder.

    Returns:
        check -> what was seen.

    Raises:
        ValueError: names the file and the fix.
    """
    artifact = load_artifact(folder)
    for name, digest in artifact.manifest.given_weights.items():
        if not Path(name).exists() or file_sha256(Path(name)) != digest:
            raise ValueError(f"{name} is not what the model was trained with: put that version of the weights there")
    seen = {"digest": artifact_digest(folder), "files": f"{len(artifact.manifest.files)} as in the manifest"}
    if weights is None:
        return {**seen, **{f"at export, {check}": found for check, found in artifact.manifest.proof.items()}}
    if file_sha256(weights) != artifact.manifest.stage_two_weights_sha256:
        raise ValueError(f"{weights} is not what {folder} was exported from: name stage two's own weights")
    return {**seen, **prove_rgb_only(weights, folder)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Verify an RGB artifact.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("run", type=Path, nargs="?", help="run folder that gets result.json")
    parser.add_argument("--weights", type=Path, help="stage two's weights: run the proof again")
    arguments = parser.parse_args()
    if arguments.run is not None:
        (arguments.run / "result.json").unlink(missing_ok=True)  # an old success must not stand for this one
    seen = verify(arguments.folder, arguments.weights)
    for check, found in seen.items():
        print(f"{check}: {found}", flush=True)
    if arguments.run is not None:
        write_result(arguments.run, {"seen": seen})
    print("ok", flush=True)


if __name__ == "__main__":
    main()
