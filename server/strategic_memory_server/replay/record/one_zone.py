"""Refuses columns of times whose names say another zone than the user."""

from __future__ import annotations

from datetime import datetime, tzinfo

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.reading import TableReading

_WINTER_AND_SUMMER = (datetime(2024, 1, 1), datetime(2024, 7, 1))  # noqa: DTZ001


def require_one_zone(table: TableReading, asked: tzinfo | None) -> None:
    """Refuse a name that says another zone than the user does, or letters that stand for several.

    Args:
        table: how it is read.
        asked: the zone that the user says; None: none.

    Raises:
        ReplayError: there is one.
    """
    for ours in (names.TIME, names.OPENED):
        said = table.zone_said(ours)
        if not said:
            continue
        zone = table.zone(ours)
        where = f"{table.table.shown}: the name of column {table.columns[ours]!r} says"
        if zone is None and asked is None:
            raise ReplayError(
                f"{where} {said}, letters that stand for several zones: say which, --zone America/New_York for example"
            )
        if zone and asked and any(zone.utcoffset(at) != asked.utcoffset(at) for at in _WINTER_AND_SUMMER):
            raise ReplayError(
                f"{where} the zone {zone}, and --zone {asked}: leave out the one, or give the column another name"
            )
