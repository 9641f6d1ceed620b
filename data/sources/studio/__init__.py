"""The studio: clips filmed by this project itself, of which everything is known. See `delivery` for what it writes."""

from pathlib import Path
from typing import Any

from data.sources import Source
from data.sources.studio.config import StudioBatch
from foundation.clip_format import ClipFormat
from foundation.fingerprint import deciding
from foundation.map_items import Spread


class Studio(Source[StudioBatch]):
    """See data.sources.Source."""

    Config = StudioBatch

    def deliver(self, config: StudioBatch, clip: ClipFormat, folder: Path, spread: Spread) -> int:
        from data.sources.studio.delivery import deliver

        deliver(config, clip, folder, spread.processes)
        return config.clips

    def settings(self, config: StudioBatch, clip: ClipFormat) -> dict[str, Any]:
        """What is delivered is always lossless."""
        return {**deciding(config), "clip": clip.model_dump(exclude={"lossless"})}


SOURCE = Studio()
