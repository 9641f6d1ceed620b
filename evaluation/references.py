"""Which video belongs to which references: a folder of videos and a table, as people have them.

The table is a CSV with the authors' columns: `person_image`, `product_image`, `audio`, `prompt` (and `prompt2` ... of
chained clips), paths relative to the table. A column `video` names the row's video; without it a row belongs to the
video of the same name as its files (`audio/000.wav` -> `000.mp4`).
"""

from dataclasses import dataclass
from pathlib import Path

from data.contracts import EMPTY_CELLS
from evaluation.backends.video import VideoClip
from foundation.media_files import MediaError
from foundation.tables import read_table
from foundation.video_reading import probe_video

ENDINGS = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
FILES = {"person_image": "person", "product_image": "product", "audio": "audio"}


@dataclass(frozen=True)
class VideoSet:
    """Clips to score, and what cannot be scored at all: clip or row -> why."""

    clips: tuple[VideoClip, ...]
    refused: dict[str, str]


def read_videos(folder: Path, table: Path | None = None) -> VideoSet:
    """The videos of a folder with the references that the table gives them.

    Raises:
        ValueError: there is no video, or the table cannot be read or names none of them.
    """
    videos = {file.stem: file.resolve() for file in sorted(folder.glob("*")) if file.suffix.lower() in ENDINGS}
    if not videos:
        raise ValueError(f"{folder} holds no video ({', '.join(ENDINGS)}): name the folder with the videos")
    rows = _rows(table) if table else {}
    if table and not rows.keys() & videos.keys():
        raise ValueError(
            f"no row of {table} belongs to a video of {folder}: add a column `video` ({next(iter(videos))} ...)"
        )
    refused = {name: f"{table} has a row for it, and {folder} no video" for name in rows if name not in videos}
    clips: list[VideoClip] = []
    for name, video in videos.items():
        try:
            probe_video(video)
            clips.append(VideoClip(clip_id=name, video=str(video), **rows.get(name, {})))
        except MediaError as error:
            refused[name] = f"its video {error.fault}"
    return VideoSet(tuple(clips), refused)


def _rows(table: Path) -> dict[str, dict[str, str]]:
    """Name of the video -> fields of VideoClip. A missing file is left to the metrics that need it."""
    columns, rows = read_table(table)
    if "video" not in columns and not FILES.keys() & set(columns):
        raise ValueError(f"{table} has columns {', '.join(columns)}: give video, {', '.join(FILES)} or prompt")
    found: dict[str, dict[str, str]] = {}
    for line, row in rows:
        cells = {column: cell.strip() for column, cell in row.items() if cell.strip().lower() not in {"", *EMPTY_CELLS}}
        names = [Path(cells[column]).stem for column in ("video", *FILES) if column in cells]
        if not names:
            raise ValueError(f"{table} line {line} names neither a video nor a file: give the column `video`")
        if names[0] in found:
            raise ValueError(f"{table} line {line}: video {names[0]} has a row already: drop one")
        files = {
            field: str((table.parent / cells[column]).resolve()) for column, field in FILES.items() if column in cells
        }
        prompts = [cells[column] for column in columns if column.startswith("prompt") and column in cells]
        found[names[0]] = {**files, "prompt": " ".join(prompts)}
    return found
