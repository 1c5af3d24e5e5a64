"""Pages of cells that are read at once, where all of them are written in the commonest way of their style.

What is read here is what the style reads of each cell by itself; where one is written otherwise, nothing is.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from datetime import UTC
from typing import cast

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.entries.entry_fields import MAX_MAGNITUDE
from strategic_memory_server.replay.files.cell_columns import as_one_text
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.iso_column import iso_times
from strategic_memory_server.replay.written.number_parts import same_signs
from strategic_memory_server.replay.written.number_style import NumberStyle
from strategic_memory_server.replay.written.time_style import NOT_GIVEN, TimeStyle

_MOST_LENGTHS = 12
_DATE = 10
_SEPARATORS = b"-./"


def numbers_at_once(style: NumberStyle, cells: Sequence[Cell]) -> FloatColumn | None:
    """Return numbers without percent, currency or any sign but a minus before them; NaN for empty cells."""
    if style.percent or style.currency or as_one_text(cells) is None:
        return None
    text = same_signs("\n".join(cast("Sequence[str]", cells)))
    if text.count("\n") != len(cells) - 1 or not _page_of(style.decimal, style.thousands).fullmatch(text):
        return None
    for separator in style.thousands:
        text = text.replace(separator, "")
    written = text.replace(style.decimal, ".").split("\n")
    values = np.array([float(cell or math.nan) for cell in written])
    return None if np.any(np.abs(values) > MAX_MAGNITUDE) else values


@functools.lru_cache(64)
def _page_of(decimal: str, thousands: str) -> re.Pattern[str]:
    groups = "".join(f"|[1-9][0-9]{{0,2}}(?:{re.escape(each)}[0-9]{{3}})+" for each in thousands)
    return re.compile(rf"(?:(?:-?(?:[0-9]{{1,40}}{groups})(?:{re.escape(decimal)}[0-9]{{0,40}})?)?(?:\n|\Z))*")


def times_at_once(style: TimeStyle, cells: Sequence[Cell]) -> IndexColumn | None:
    """Return times whose dates have two digits for days and months and four for years; NOT_GIVEN for empty cells."""
    text = as_one_text(cells)
    if style.unit is not None or not text or not text.isascii():
        return None
    written = cast("Sequence[str]", cells)
    length_of = np.fromiter(map(len, written), np.int64, len(cells))
    lengths = set(length_of.tolist()) - {0}
    if len(lengths) > _MOST_LENGTHS:
        return None
    found = np.full(len(cells), NOT_GIVEN)
    for length in lengths:
        rows = np.flatnonzero(length_of == length)
        part = text if rows.size == len(cells) else "".join([written[row] for row in rows.tolist()])
        ordered = _year_first(np.frombuffer(part.encode("ascii"), np.uint8).reshape(rows.size, length), style.order)
        times = None if ordered is None else iso_times(ordered)
        if times is None or not (times.zoned or style.zone == UTC):
            return None
        found[rows] = times.times_ms
    return found


def _year_first(characters: NDArray[np.uint8], order: str) -> NDArray[np.uint8] | None:
    """Return dates as ISO 8601 has them; None where they have not all the same form."""
    if characters.shape[1] < _DATE:
        return None
    first = characters[0].tobytes()
    places = (4, 7) if first[4:5] in (b"-", b".", b"/") else (2, 5)
    separators = characters[:, places]
    if first[places[0]] not in _SEPARATORS or not np.all(separators == separators[0, 0]):
        return None
    ordered = characters.copy()
    if places == (2, 5):
        if order not in ("dmy", "mdy"):
            return None
        day, month = (0, 3) if order == "dmy" else (3, 0)
        ordered[:, :4] = characters[:, 6:10]
        ordered[:, 5:7] = characters[:, month : month + 2]
        ordered[:, 8:10] = characters[:, day : day + 2]
    ordered[:, (4, 7)] = ord("-")
    return ordered
