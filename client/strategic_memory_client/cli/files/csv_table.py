"""Tables as CSV: UTF-8, the first line names the columns, which a comma, semicolon, tab or bar separates."""

from __future__ import annotations

import csv
import io

from strategic_memory_client.cli.files.table import MOST_ROWS, FileError, Table

_DELIMITERS = ",;\t|"


def csv_table(content: bytes, shown: str) -> Table:
    """Return the table of a file. Raises FileError."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(
            f"{shown}: is not UTF-8 ({error.reason} at byte {error.start}): save it as CSV in UTF-8"
        ) from None
    header = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((reader.line_num, row))
            if len(rows) > MOST_ROWS + 1:
                raise FileError(f"{shown}: has more than {MOST_ROWS:,} rows, which is the most that the service takes")
    except csv.Error as error:
        raise FileError(f"{shown}: line {reader.line_num}: {error}") from None
    if len(rows) < 2:
        raise FileError(f"{shown}: has no rows: its first line names the columns, and each line after it is an entry")
    (_, names), *entries = rows
    uneven = next((line for line, row in entries if len(row) != len(names)), None)
    if uneven is not None:
        raise FileError(f"{shown}: line {uneven}: has another number of cells than the first line")
    if len(set(names)) < len(names):
        raise FileError(f"{shown}: names the column {next(name for name in names if names.count(name) > 1)!r} twice")
    cells = zip(*(row for _, row in entries), strict=True)
    lines = [f"line {line}" for line, _ in entries]
    # Commas separate where they are no decimal point.
    return Table(shown, dict(zip(names, cells, strict=True)), lines, may_group_by_dots=delimiter != ",")
