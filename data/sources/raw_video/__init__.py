"""Long videos as a camera wrote them, cut into annotated clips as they are delivered; see `delivery`."""

from pathlib import Path
from typing import Any

from data.sources import Source
from data.sources.raw_video.config import RawVideoBatch
from data.sources.raw_video.rejected import NAME, read_rejected, summary
from foundation.clip_format import ClipFormat
from foundation.copy_delivery import delivery_digest
from foundation.fingerprint import deciding
from foundation.map_items import Spread


class RawVideo(Source[RawVideoBatch]):
    """See data.sources.Source."""

    Config = RawVideoBatch

    def deliver(self, config: RawVideoBatch, clip: ClipFormat, folder: Path, spread: Spread) -> int:
        from data.sources.raw_video.delivery import deliver

        return deliver(config, clip, folder, spread)

    def settings(self, config: RawVideoBatch, clip: ClipFormat) -> dict[str, Any]:
        """Which package finds the speech counts too."""
        from data.sources.raw_video.speech import tool

        decide = {**deciding(config), "clip": clip.model_dump(exclude={"lossless"}), "speech": tool()}
        return {**decide, "delivery_digest": delivery_digest(config.path)}

    def rejected(self, folder: Path) -> tuple[str, Path | None]:
        file = folder / NAME
        return summary(read_rejected(folder)), file if file.exists() else None


SOURCE = RawVideo()
