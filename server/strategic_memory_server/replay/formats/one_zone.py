"""Refuses columns of times whose names say another zone than the user."""

from __future__ import annotations

from datetime import datetime, tzinfo

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.written.zones import AbbreviationError, written_zone

_WINTER_AND_SUMMER = (datetime(2024, 1, 1), datetime(2024, 7, 1))  # noqa: DTZ001  each zone is asked for its offset then


def zone_of(said: str) -> tzinfo | None:
    """Return the zone that a name says; None where it says none, or letters that stand for several."""
    try:
        return written_zone(said)
    except AbbreviationError:
        return None


def require_one_zone(shown: str, column: str, said: str, asked: tzinfo | None) -> None:
    """Refuse a name that says another zone than the user does, or letters that stand for several.

    Args:
        shown: what a message calls the table.
        column: its column of times.
        said: the zone that the name says; empty: none.
        asked: the zone that the user says; None: none.

    Raises:
        ReplayError: it does.
    """
    zone = zone_of(said)
    where = f"{shown}: the name of column {column!r} says"
    if said and zone is None and asked is None:
        raise ReplayError(
            f"{where} {said}, letters that stand for several zones: say which, --zone America/New_York for example"
        )
    if zone and asked and any(zone.utcoffset(at) != asked.utcoffset(at) for at in _WINTER_AND_SUMMER):
        raise ReplayError(
            f"{where} the zone {zone}, and --zone {asked}: leave out the one, or give the column another name"
        )
