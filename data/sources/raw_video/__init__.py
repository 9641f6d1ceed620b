"""Long videos as a camera wrote them, cut into annotated clips as they are delivered; see `delivery`."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel

from data.annotators.config import AnnotationConfig
from data.sources import BatchConfig, Source
from data.sources.raw_video.rejected import NAME, read_rejected, summary
from foundation.bounds import Correlation, Few, Level, PathText, Share, real, whole
from foundation.clip_format import ClipFormat
from foundation.copy_delivery import delivery_digest
from foundation.fingerprint import DoesNotDecide, deciding
from foundation.map_items import Spread


class FootageRules(BaseModel, frozen=True, extra="forbid"):
    """When a stretch of raw footage is a clip. Levels are of 8 bits (0..255), shares are of the clip's frames."""

    cut_difference: Level = 2.0  # mean colour difference of two frames, in levels, from which a cut is possible ...
    cut_ratio: Annotated[float, real(1, 10_000)] = (
        3.5  # ... and it is one where it is so many times the difference of the frames around
    )
    sharpness: Annotated[float, real(0, 100_000)] = (
        30.0  # variance of the Laplacian of the luma at 360 pixels of shorter side, median of the frames
    )
    movement: Level = 0.15  # mean colour difference in 1/25 second, in levels
    speech_share: Share = 0.3  # of the clip's sound, in windows of 32 ms
    people: Few = 1  # seen at once, at most
    face_share: Share = 0.7
    hand_share: Share = 0.5  # at least one hand
    product_share: Share = 0.5
    product_confidence: Share = 0.6  # that the mask is the product: what the tool of the mask says
    person_score: Correlation = 0.0  # of triplet validation, cosine: the tool says what is alike
    product_score: Correlation = 0.0
    # the area of the product that the person reference may still show, as a share of the product's
    product_left: Annotated[float, real(0, 100)] = 0.15


class RawVideoBatch(BatchConfig, frozen=True, extra="forbid"):
    """One delivery of long videos, made into annotated clips as it is delivered."""

    # holds the videos and footage.csv, .jsonl or .yaml
    path: Annotated[PathText | None, DoesNotDecide("the digest of what lies in the folder decides")] = None
    short_side_pixels: Annotated[int, whole(64, 8_192, multiple_of=2)] = 720  # larger pictures are made smaller
    rules: FootageRules = FootageRules()
    annotation: AnnotationConfig = AnnotationConfig()


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
