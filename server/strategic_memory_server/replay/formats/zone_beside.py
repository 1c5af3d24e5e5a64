"""Tells of a column that says the zone of the times beside it, and is not read."""

from __future__ import annotations

from datetime import UTC, tzinfo

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.cells import is_given, text_of
from strategic_memory_server.replay.formats.format import found
from strategic_memory_server.replay.formats.one_zone import zone_of
from strategic_memory_server.replay.formats.reading import TableReading

_OF_ZONES = ("timezone", "time zone", "tz", "utc offset", "gmt offset")
_LOOKED_AT = 200


def note_zone_beside(reading: TableReading, asked: tzinfo | None) -> None:
    """Tell of zones other than UTC in a column of their own, where neither the user nor a name says one.

    Args:
        reading: how a table is read.
        asked: the zone that the user says; None: none.
    """
    column = found(_OF_ZONES, reading.table.columns)
    if column is None or asked is not None or reading.zone_said(names.TIME):
        return
    page = next(reading.table.pages(), None)
    cells = page.columns.get(column, ())[:_LOOKED_AT] if page else ()
    others = dict.fromkeys(text_of(cell) for cell in cells if is_given(cell) and zone_of(text_of(cell)) != UTC)
    if others:
        reading.note(f"column {column!r} says {' and '.join(list(others)[:3])}, and is not read: say --zone")
