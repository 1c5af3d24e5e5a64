"""How a CSV file is laid out: what stands between its fields, and which of its lines names the columns."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

DELIMITERS = ",;\t|"

LOOKED_AT = 200
"""So many rows say how a file is laid out."""

_BEGINS_AS_VALUE = re.compile(r"\s*[-+(\u2212]?\s*[$€£¥]?\s*[-+\u2212]?\.?\d")


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a file.

    Attributes:
        delimiter: what stands between the fields.
        header: the fields of the line that names the columns.
        lines: number of lines up to the end of that line; one may go on beyond its line within quotes.
        passed_over: lines with something in them that come before it.
        row_above: a line before it that looks like a row of the table; 0 where none does.
    """

    delimiter: str
    header: Sequence[str]
    lines: int
    passed_over: int
    row_above: int


_Rows = Sequence[tuple[int, Sequence[str]]]
"""Rows that are not empty, each with the number of the line at which it ends."""


def layout_of(sample: str) -> Layout | None:
    """Tell the layout by the first lines of a file; None where nothing stands in them."""
    found = [(delimiter, _rows(sample, delimiter)) for delimiter in DELIMITERS]
    # Of several that fit equally the first: comma before the others.
    delimiter, rows = max(found, key=lambda each: _fit(each[1]))
    if not rows:
        return None
    place = _header_place(rows)
    lines, header = rows[place]
    # Some programs begin the line of names as they begin a comment.
    first = header[0].removeprefix("# ") if len(header) > 1 else header[0]
    below = [row for _, row in rows[place + 1 :]]
    # Some programs end every row with what stands between fields, and not the line of names.
    ends_so = bool(below) and all(len(row) == len(header) + 1 and not row[-1].strip() for row in below)
    names = [first, *header[1:], *([""] if ends_so else [])]
    above = next((line for line, row in rows[:place] if len(row) == len(names) and is_like(row, below)), 0)
    return Layout(delimiter, names, lines, place, above)


def is_like(row: Sequence[object], rows: Sequence[Sequence[object]]) -> bool:
    """Tell whether a row has values where most of other rows have some; where there are none, in half of its places."""
    valued = [sum(_has_value(each, place) for each in rows) * 2 > len(rows) for place in range(len(row))]
    found = [_has_value(row, place) for place in range(len(row))]
    if not rows:
        return sum(found) * 2 >= len(row)
    return any(valued) and all(is_there for is_there, is_needed in zip(found, valued, strict=True) if is_needed)


def names_below(row: int, names: int) -> str:
    """Return what a message says of a row of a table that stands above the names of its columns."""
    return f"line {row} looks like a row of the table whose columns are named in line {names}: put the names first"


def _has_value(row: Sequence[object], place: int) -> bool:
    cell = row[place] if place < len(row) else ""
    return is_value(cell) if isinstance(cell, str) else cell is not None


def names_columns(fields: Sequence[object]) -> bool:
    """Tell whether fields can be names of columns: most are there, and none is a number or a time."""
    texts = [field for field in fields if field is not None and field != ""]
    return len(texts) * 2 > len(fields) and all(isinstance(text, str) and not is_value(text) for text in texts)


def is_value(text: str) -> bool:
    """Tell a number or a time from a name that begins with a digit, as `24h change` does."""
    return bool(_BEGINS_AS_VALUE.match(text)) and sum(map(str.isalpha, text)) * 2 <= len(text)


def _rows(sample: str, delimiter: str) -> _Rows:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    rows: list[tuple[int, Sequence[str]]] = []
    try:
        for row in reader:
            if any(field.strip() for field in row):
                rows.append((reader.line_num, row))
            if len(rows) == LOOKED_AT:
                break
    except csv.Error:
        pass
    return rows


def _fit(rows: _Rows) -> tuple[bool, int]:
    """Say how well a delimiter fits: whether there is a header, and how many fields there are more than rows."""
    if not rows:
        return False, 0
    width = _width(rows)
    place = _header_place(rows)
    header = rows[place][1]
    even = sum(len(row) == width for _, row in rows[place:])
    return len(header) == width > 1 and names_columns(header), even * (width - 1)


def _width(rows: _Rows) -> int:
    """Return the number of fields that most rows have; of several such, the larger."""
    counts = Counter(len(row) for _, row in rows)
    return max(counts, key=lambda width: (width > 1, counts[width], width))


def _header_place(rows: _Rows) -> int:
    """Return which row names the columns: the first that can, best of all one as wide as most rows."""
    width = _width(rows)
    named = [place for place, (_, row) in enumerate(rows) if len(row) > 1 and names_columns(row)]
    as_wide = [place for place in named if len(rows[place][1]) == width]
    candidates = as_wide or named or [0]
    # Above the names may stand what groups them: the same words several times.
    run = [place for number, place in enumerate(candidates) if place == candidates[0] + number]
    return max(run, key=lambda place: len(set(rows[place][1])))
