"""Tables as CSV: UTF-8, the first line names the columns, which a comma, semicolon, tab or bar separates."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from strategic_memory_client.cli.files.table import MOST_ROWS, FileError, Table

_DELIMITERS = ",;\t|"
_TOLD_TO_EXCEL = re.compile(r"\A\"?sep=.\"?\r?\n", re.IGNORECASE)


def csv_table(content: bytes, shown: str) -> Table:
    """Return the table of a file. Raises FileError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(
            f"{shown}: is not UTF-8 ({error.reason}, byte {error.start}): save it as CSV in UTF-8"
        ) from None
    # Joined files have the mark of the first one twice; Excel is told the delimiter in a line of its own.
    text = _TOLD_TO_EXCEL.sub("\n", text.lstrip("\ufeff"))
    delimiter = max(_DELIMITERS, key=text.lstrip().partition("\n")[0].count)
    rows = _rows(text, delimiter, shown)
    _, names = next(rows, (0, []))
    if len(set(names)) < len(names):
        raise FileError(f"{shown}: names the column {next(name for name in names if names.count(name) > 1)!r} twice")
    columns: list[list[str]] = [[] for _ in names]
    lines: list[int] = []
    for line, row in rows:
        if len(row) != len(names):
            raise FileError(f"{shown}: line {line}: has another number of cells than the first line")
        if len(lines) == MOST_ROWS:
            raise FileError(f"{shown}: has more than {MOST_ROWS:,} rows, which is the most that the service takes")
        lines.append(line)
        for column, cell in zip(columns, row, strict=True):
            column.append(cell)
    if not lines:
        raise FileError(f"{shown}: has no rows: its first line names the columns, and each line after it is an entry")
    # Commas separate where they are no decimal point.
    return Table(shown, dict(zip(names, columns, strict=True)), lines, "line", may_group_by_dots=delimiter != ",")


def _rows(text: str, delimiter: str, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the number of its last line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise FileError(f"{shown}: line {reader.line_num}: {error}") from None
