"""What a generated video says of itself: JSON in its container's comment, which players show and copies keep.

Plain metadata, not signed: it says where an honest file comes from, and proves nothing about one that was changed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOES_NOT_DECIDE = "only names what a video was made by"
KEY = "graspline"


def as_comment(about: Mapping[str, Any]) -> str:
    """The comment that says it."""
    return json.dumps({KEY: about}, sort_keys=True)


def read_about(video: Path) -> dict[str, Any] | None:
    """What the video says of itself; None: nothing.

    Raises:
        ValueError: it is no video.
    """
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(video)) as container:
            comment = container.metadata.get("comment", "")
    except (FFmpegError, OSError) as error:
        raise ValueError(f"{video} cannot be read as a video: {error}") from error
    try:
        said = json.loads(comment)
    except ValueError:
        return None
    about = said.get(KEY) if isinstance(said, dict) else None
    return about if isinstance(about, dict) else None
