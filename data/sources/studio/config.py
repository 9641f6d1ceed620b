"""What a batch of the studio is ordered with."""

from typing import Literal

from pydantic import Field

from data.sources import BatchConfig

Look = Literal["sketch", "anny"]
Structure = Literal["mesh", "silhouette"]


class StudioBatch(BatchConfig, frozen=True, extra="forbid"):
    """One delivery of procedural clips: `clips` of them, clip i deterministic in (seed, i)."""

    seed: int
    clips: int = Field(ge=1)
    look: Look = "sketch"  # sketch: solids in one flat light, 0.1 s a clip; anny: people with faces and fingers
    structure: Structure = "mesh"  # of the structure video, where the look is anny: shaded mesh or flat silhouette
