"""The studio: clips filmed by this project itself, of which everything is known. See `delivery` for what it writes."""

from pathlib import Path
from typing import Any, Literal

from data.sources import BatchConfig, Source
from foundation.bounds import Count, Seed
from foundation.clip_format import ClipFormat
from foundation.fingerprint import deciding
from foundation.map_items import Spread

Look = Literal["sketch", "anny"]
Structure = Literal["mesh", "silhouette"]


class StudioBatch(BatchConfig, frozen=True, extra="forbid"):
    """One delivery of procedural clips: `clips` of them, clip i deterministic in (seed, i)."""

    seed: Seed
    clips: Count
    look: Look = "sketch"  # sketch: solids in one flat light, 0.1 s a clip; anny: people with faces and fingers
    structure: Structure = "mesh"  # of the structure video, where the look is anny: shaded mesh or flat silhouette


class Studio(Source[StudioBatch]):
    """See data.sources.Source."""

    Config = StudioBatch

    def deliver(self, config: StudioBatch, clip: ClipFormat, folder: Path, spread: Spread) -> int:
        from data.sources.studio.delivery import deliver

        return deliver(config, clip, folder, spread)

    def settings(self, config: StudioBatch, clip: ClipFormat) -> dict[str, Any]:
        """What is delivered is always lossless."""
        return {**deciding(config), "clip": clip.model_dump(exclude={"lossless"})}


SOURCE = Studio()
