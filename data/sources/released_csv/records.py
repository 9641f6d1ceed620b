"""Clips in the CSV format of the authors' public code (repository luoxyhappy/CoInteract, Apache-2.0).

Their own loader guesses: a misnamed column means no structure video, broken box JSON means no boxes, a wrong container
rate means drifting sound. Here each deviation is an error, unless the batch declares it (ReleasedCsvBatch).
"""

from pathlib import Path

from data.clips.manifest import inside
from data.contracts import EMPTY_CELLS, ClipRecord
from data.sources.released_csv import ReleasedCsvBatch
from data.sources.released_csv.boxes import BoxReader
from foundation.copy_delivery import copy_delivery
from foundation.failures import ClipError, refuse
from foundation.tables import read_table
from foundation.video_frames import same_rate
from foundation.video_reading import probe_video

FRAMES_PER_SECOND = 25.0
MEDIA = {  # released column -> field of ClipRecord
    "input_video": "video",
    "hoi_video": "hoi_video",
    "audio": "audio",
    "person_image": "person_image",
    "product_image": "product_image",
    "motion_video": "motion_video",
    "pose_video": "pose_video",
}
REQUIRED = {"prompt", "input_video", "audio", "person_image", "hoi_video", "face", "hand_object"}
OPTIONAL = {"product_image", "motion_video", "pose_video", "scale", "height", "width"}
MUST_HAVE_A_VALUE = {"input_video", "hoi_video", "audio", "person_image"}


def deliver(config: ReleasedCsvBatch, folder: Path) -> int:
    """Copy the delivery's files into `folder`, hidden ones left out. Gives the number of clips.

    Raises:
        ValueError: no path was given, it holds no such CSV, a link in it leads elsewhere, or it is still being written.
    """
    if config.path is None:
        raise ValueError("the batch names no folder: add data.path=FOLDER, the folder that holds its CSV")
    source = Path(config.path)
    if not (source / config.csv).is_file():
        raise ValueError(f"{source / config.csv} is missing: give the folder that holds it as data.path=FOLDER")
    copy_delivery(source, folder)
    return len(read_table(folder / config.csv)[1])


def read_records(folder: Path, config: ReleasedCsvBatch) -> list[ClipRecord]:
    """One record a row of the CSV.

    Raises:
        ValueError: see read_each.
        ClipError: a row names a missing file, one outside the folder, another rate, size or time base, or broken boxes.
    """
    records: list[ClipRecord] = []
    for record in read_each(folder, config):
        if isinstance(record, ClipError):
            raise record
        records.append(record)
    return records


def read_each(folder: Path, config: ReleasedCsvBatch) -> list[ClipRecord | ClipError]:
    """One record a row of the CSV, or what is wrong with the row; clip ids are the row numbers, 0000 first.

    Raises:
        ValueError: a column is missing or unknown, a row has more or fewer cells, or the CSV is empty.
    """
    table = folder / config.csv
    if not table.is_file():
        raise ValueError(f"{table} is missing: deliver the batch again")
    found, cells = read_table(table)
    columns = [config.column_map.get(column, column) for column in found]
    _check_columns(table, columns)
    rows = [dict(zip(columns, row.values(), strict=True)) for _, row in cells]
    if not rows:
        raise ValueError(f"{table} holds no clip: deliver the batch again")
    return [_record_or_error(folder, f"{number:04d}", row, config) for number, row in enumerate(rows)]


def _check_columns(table: Path, columns: list[str]) -> None:
    if twice := sorted({column for column in columns if columns.count(column) > 1}):
        raise ValueError(f"{table}: column {twice[0]} stands there twice: rename or drop one, or mend column_map")
    missing, unknown = sorted(REQUIRED - set(columns)), sorted(set(columns) - REQUIRED - OPTIONAL)
    if missing and unknown:
        raise ValueError(
            f"{table}: column {missing[0]} is missing and column {unknown[0]} is unknown: if it stands for it, "
            f"add `column_map: {{{unknown[0]}: {missing[0]}}}` to the batch in conf/data"
        )
    if missing:
        raise ValueError(f"{table}: column {missing[0]} is missing: add it, or map the column that stands for it")
    if unknown:
        raise ValueError(f"{table}: column {unknown[0]} is unknown: remove it, or map it with column_map in conf/data")


def _record_or_error(
    folder: Path, clip_id: str, row: dict[str, str], config: ReleasedCsvBatch
) -> ClipRecord | ClipError:
    try:
        return _record(folder, clip_id, row, config)
    except ClipError as error:
        return error


def _record(folder: Path, clip_id: str, row: dict[str, str], config: ReleasedCsvBatch) -> ClipRecord:
    media = {field: _media(folder, clip_id, row.get(column, ""), column) for column, field in MEDIA.items()}
    frames, height, width = _probe(folder / str(media["video"]), clip_id, config)
    _check_size(clip_id, row, height, width)
    _check_scale(clip_id, row.get("scale", "").strip())
    boxes = BoxReader(clip_id, config, frames, height, width).read(row["face"], row["hand_object"])
    return ClipRecord.model_validate(
        {
            **media,
            "clip_id": clip_id,
            "prompt": _prompt(clip_id, row["prompt"].strip()),
            "person_id": config.person_id,
            "product_id": config.product_id,
            "licence": config.licence,
            "consent_date": config.consent_date,
            "frames": frames,
            "frames_per_second": FRAMES_PER_SECOND,
            "height": height,
            "width": width,
            "boxes": boxes,
        }
    )


def _prompt(clip_id: str, cell: str) -> str:
    if cell.lower() in EMPTY_CELLS:
        raise refuse(clip_id, "prompt", cell, "describes what the person does", "write the prompt")
    return cell


def _probe(video: Path, clip_id: str, config: ReleasedCsvBatch) -> tuple[int, int, int]:
    try:
        frames, rate, height, width = probe_video(video, config.limits)
    except ValueError as error:
        raise refuse(clip_id, "input_video", str(error), "the file can be read", "deliver it again") from error
    expected = config.container_frames_per_second or FRAMES_PER_SECOND
    if not same_rate(rate, expected, frames):
        raise refuse(
            clip_id,
            "input_video",
            f"container states {rate:g} frames a second",
            f"{expected:g} expected",
            f"convert it to 25, or, if its frames are 25 a second, add `container_frames_per_second: {rate:g}` "
            "to the batch in conf/data",
        )
    return frames, height, width


def _media(folder: Path, clip_id: str, cell: str, column: str) -> str | None:
    if not cell.strip():
        if column in MUST_HAVE_A_VALUE:
            raise refuse(clip_id, column, "empty", "every clip has one", "fill the cell or drop the row")
        return None
    path = inside(folder, cell.strip())
    if path is None:
        raise refuse(clip_id, column, cell, "lies inside the batch's folder", "move the file in and name it from there")
    if not path.is_file():
        raise refuse(clip_id, column, cell, "the file exists", "deliver the file or drop the row")
    return cell.strip()


def _check_scale(clip_id: str, cell: str) -> None:
    """The product reference's size relative to the clip: all clips are trained at 1, so another one may not pass."""
    if cell and cell not in ("1", "1.0"):
        raise refuse(clip_id, "scale", cell, "products are placed at scale 1", "drop the cell, or the clip")


def _check_size(clip_id: str, row: dict[str, str], height: int, width: int) -> None:
    for column, real in (("height", height), ("width", width)):
        if row.get(column, "").strip() not in ("", str(real)):
            raise refuse(
                clip_id,
                column,
                row[column],
                f"the video's is {real}",
                "correct the CSV, and see that the boxes are in the video's pixels",
            )
