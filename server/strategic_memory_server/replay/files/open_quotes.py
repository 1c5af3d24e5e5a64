"""Quotes that are opened and never closed: the cell that they begin takes in the rows below it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from strategic_memory_server.replay.files.csv_layout import is_value
from strategic_memory_server.replay.files.errors import ReplayError

NOT_CLOSED = "quote_not_closed"
"""The reason for which the lines of such a cell are refused."""

ROWS_ABOVE = 5
"""So many rows say where a row has its values."""


def takes_in_rows(lines: Sequence[str], delimiter: str, above: Sequence[Sequence[str]]) -> bool:
    """Tell whether a row of CSV that goes over several lines is several rows.

    However many lines a note has, its row has one set of values: two lines with values where a row has them are two.

    Args:
        lines: the lines of the row.
        delimiter: what stands between fields.
        above: the fields of rows above it, or of itself.
    """
    width = len(above[-1])
    wide = [line for line in lines if line.count(delimiter) >= width - 1]
    if len(wide) < 2:
        return False
    rows = [row for row in above[-ROWS_ABOVE:] if len(row) == width]
    places = [place for place in range(width) if all(is_value(row[place]) for row in rows)]
    return sum(_has_values(line, delimiter, width, places) for line in wide) > 1


def _has_values(line: str, delimiter: str, width: int, places: Sequence[int]) -> bool:
    """Tell whether a line has as many fields as a row, and values at its places, of which half may be empty."""
    text = line.rstrip("\r\n")
    # Where a quote is not closed, or closes one of a line before, the fields are not those that CSV has.
    for fields in (text.replace('"', "").split(delimiter), _parsed(text, delimiter)):
        given = [fields[place] for place in places or range(width) if fields[place]] if len(fields) == width else []
        if given and len(given) * 2 >= len(places) and (all if places else any)(map(is_value, given)):
            return True
    return False


def _parsed(text: str, delimiter: str) -> Sequence[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), ())
    except csv.Error:
        return ()


def checked_rows(text: Iterable[str], delimiter: str, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of CSV that is held as a whole, each with the number of its last line.

    Raises:
        csv.Error: a row is none.
        ReplayError: a quote is not closed.
    """
    lines: list[str] = []
    above: list[list[str]] = []

    def kept() -> Iterator[str]:
        for line in text:
            lines.append(line)
            yield line

    reader = csv.reader(kept(), delimiter=delimiter)
    for row in reader:
        if len(lines) > 1 and takes_in_rows(lines, delimiter, above or [row]):
            raise ReplayError(not_closed(shown, reader.line_num - len(lines) + 1))
        lines.clear()
        above = [*above[1 - ROWS_ABOVE :], row]
        yield reader.line_num, row


def not_closed(shown: str, line: int) -> str:
    """Return what a message says of a quote that is not closed in a line."""
    return f"{shown}: line {line}: a quote that is opened there is not closed, and takes in the rows below it: close it"
