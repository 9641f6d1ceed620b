"""Stage two's network with both streams, which an artifact was exported from: only it can be asked about HOI."""

import json
from pathlib import Path

from foundation.digests import file_sha256
from model.artifact.rgb_artifact import load_weights
from model.contracts import NetworkConfig, RecipeConfig, RgbArtifact
from model.network.dual_stream_transformer import DualStreamTransformer


def dual_stream_of(artifact: RgbArtifact) -> DualStreamTransformer | None:
    """The network, or None where its weights are gone.

    Raises:
        ValueError: other weights lie in their place.
    """
    weights = Path(artifact.stage_two_weights)
    if not weights.exists():
        return None
    if file_sha256(weights) != artifact.stage_two_weights_sha256:
        raise ValueError(f"{artifact.folder} was not exported from {weights} as it is now: export again")
    configs = json.loads((Path(artifact.folder) / "network.json").read_text(encoding="utf-8"))
    network = DualStreamTransformer(
        NetworkConfig.model_validate(configs["network"]), RecipeConfig.model_validate(configs["recipe"]), streams="dual"
    )
    load_weights(network, weights)
    return network.eval().requires_grad_(False)
