"""Where batches come from: every module or package in this folder is one source, found by the name a batch gives.

A source keeps the protocol `Source` and shows it as `SOURCE` at its door (its module, or the package's __init__).
Adding a source is adding one here: nothing else lists which there are. Doors are light, what is heavy is imported late.
"""

from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, SerializeAsAny

from data.clips.manifest import read_each
from data.contracts import ClipRecord
from foundation.by_name import check_choice, choices, load_choice
from foundation.clip_format import ClipFormat
from foundation.failures import ClipError
from foundation.fingerprint import DoesNotDecide, deciding
from foundation.map_items import Spread
from foundation.media_limits import MediaLimits


class BatchConfig(BaseModel, frozen=True, extra="forbid"):
    """One batch of a source: the base of every source's own configuration. Every field decides the delivered bytes,
    except where it says DoesNotDecide."""

    source: str
    # the largest files, pictures and videos that are opened
    limits: Annotated[MediaLimits, DoesNotDecide("what is refused is not made")] = MediaLimits()


C = TypeVar("C", bound=BatchConfig)


class Source(Protocol[C]):
    """What deliveries and preparation ask of a source. Subclass it: what is not abstract here has a usual answer."""

    Config: type[C]  # a field `path` is the folder that the delivery lies in; DataConfig.path fills it
    in_place: bool = False  # people put the folder into datasets/raw themselves: `deliver` only counts its clips

    def deliver(self, config: C, clip: ClipFormat, folder: Path, spread: Spread) -> int:
        """Write the delivery into `folder`, which may hold an interrupted one. Gives the number of clips.

        Raises:
            ValueError: it cannot be delivered; the message is the reason and the fix.
        """
        ...

    def settings(self, config: C, clip: ClipFormat) -> dict[str, Any]:
        """What decides the delivery's bytes, `source` among it; a value None is not known (any more)."""
        return deciding(config)

    def read_records(self, folder: Path, config: C) -> list[ClipRecord | ClipError]:
        """The clips of a delivered folder; one that cannot be read is its error. ValueError: none can be read."""
        return read_each(folder)

    def frame_rates(self, config: C, clip: ClipFormat) -> tuple[float, ...]:
        """Frames a second that the container of a delivered video may state."""
        return (float(clip.frames_per_second),)

    def rejected(self, folder: Path) -> tuple[str, Path | None]:
        """What was delivered and became no clip: a summary in a line, and the file that gives each reason."""
        return "none", None

    def shown(self, config: C) -> tuple[str, str] | None:
        """Person and product id, where the whole batch shows one person with one product."""
        return None


def source_of(batch: BatchConfig) -> Source[Any]:
    """The source of a batch."""
    return _load(batch.source)


def config_classes() -> list[type[BatchConfig]]:
    """The configuration class of every source, for messages about their fields."""
    return [_load(name).Config for name in choices(__name__)]


def read_batch(values: Any) -> BatchConfig:
    """Values checked by the source that they name.

    Raises:
        pydantic.ValidationError: no such source (names the others and the nearest), or a field is wrong.
    """
    if isinstance(values, BatchConfig):
        return values
    return _load(_Named.model_validate(values).source).Config.model_validate(values)


FoundBatch = Annotated[SerializeAsAny[BatchConfig], BeforeValidator(read_batch)]
"""A field that holds a batch of any source."""


class _Named(BaseModel, frozen=True):
    source: Annotated[str, AfterValidator(lambda name: check_choice(__name__, name))]


def _load(name: str) -> Source[Any]:
    return load_choice(__name__, name).SOURCE
