"""Refuses tables whose time can be that of the opening, since another column holds times of an end."""

from __future__ import annotations

import re

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.formats.cells import is_given, text_of
from strategic_memory_server.replay.formats.format import found, plain_name
from strategic_memory_server.replay.formats.own_columns import COMMON_NAMES, OWN_COLUMNS, is_close
from strategic_memory_server.replay.formats.reading import TableReading
from strategic_memory_server.replay.written.number_parts import plain_signs
from strategic_memory_server.replay.written.time_style import count_of
from strategic_memory_server.replay.written.time_text import time_parts
from strategic_memory_server.replay.written.time_units import COUNTED, RANGES

_OF_AN_END = re.compile(
    r"(?<![a-z])(?:exit(?:ed)?|ex|close[ds]?|closing|sell|sold|end(?:ed|s)?|finish(?:ed)?|out|cover(?:ed)?)(?![a-z])"
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LOOKED_AT = 200

_LASTED = (
    "duration", "trade duration", "hold duration", "holding time", "hold time", "holding period", "time in trade",
    "time held", "bars held", *(f"{word} {unit}" for word in ("duration", "holding") for unit in ("minutes", "hours")),
)  # fmt: skip
"""Names of how long a trade was open: beside one of them a time that stands alone can be either end."""


def require_one_close(reading: TableReading) -> None:
    """Refuse a table of results whose time is not said to be a close, beside times of an end that nobody reads.

    A trade that is opened at its time would be known before it has ended.

    Raises:
        ReplayError: it is so; what the user maps is meant.
    """
    time = reading.columns.get(names.TIME)
    has_pnl = {names.PNL, names.REALIZED_PNL, *names.POLICY_PNL} & set(reading.columns)
    if time is None or not has_pnl or reading.format not in (OWN_COLUMNS, COMMON_NAMES):
        return
    if {names.TIME, names.OPENED} & reading.mapped or is_close(time):
        return
    lasted = found(_LASTED, reading.table.columns)
    if lasted is not None and names.OPENED not in reading.columns:
        reading.note(f"{time} is taken for the close: is it not the opening, beside {lasted}?")
    read = {*reading.columns.values(), *(name for both in reading.in_two.values() for name in both[:2])}
    named = [name for name in reading.table.columns if name not in read and _is_of_an_end(name)]
    first = next(reading.table.pages(), None) if named else None
    for name in named:
        cells = [cell for cell in first.columns.get(name, ())[:_LOOKED_AT] if is_given(cell)] if first else []
        if 2 * sum(map(_is_time, cells)) > len(cells):
            opened = "" if names.OPENED in reading.columns else f",opened={time}"
            raise ReplayError(
                f"{reading.table.shown}: has {time} and {name}; which one is the close? --map 'time={name}{opened}', "
                f"or --map 'time={time}' where that is when a result was known"
            )


def _is_of_an_end(name: str) -> bool:
    words = _HUMP.sub(" ", name).casefold().replace("_", " ")
    return _OF_AN_END.search(words) is not None and "price" not in plain_name(name)


def _is_time(cell: Cell) -> bool:
    count = count_of(cell)
    if count is None:
        return time_parts(plain_signs(text_of(cell))) is not None
    return any(first <= count <= last for first, last in (RANGES[unit] for unit in COUNTED))
