"""Tables as people deliver them: CSV under a header, in UTF-8, a byte order mark skipped; the one reader of them."""

import csv
from io import StringIO
from pathlib import Path

from foundation.texts import read_text

Row = tuple[int, dict[str, str]]
"""The number of the line it ends in, and {column: cell}."""


def read_table(file: Path) -> tuple[list[str], list[Row]]:
    """The columns in their order, and the rows. Cells may hold line breaks.

    Raises:
        ValueError: the file is not UTF-8 or no CSV, or a row has more or fewer cells than there are columns; names the
            file, the line and the fix.
    """
    reader = csv.reader(StringIO(read_text(file), newline=""))
    try:
        columns = next(reader, [])
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise ValueError(f"{file} line {reader.line_num} is no CSV ({error}): mend the quoting of that line") from error
    for line, cells in rows:
        if len(cells) != len(columns):
            raise ValueError(f"{file} line {line}: more or fewer cells than columns: mend the quoting of that line")
    if twice := sorted({column for column in columns if columns.count(column) > 1}):
        raise ValueError(f"{file}: column {twice[0]} stands there twice: rename or drop one")
    return columns, [(line, dict(zip(columns, cells, strict=True))) for line, cells in rows]
