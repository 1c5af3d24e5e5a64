"""Zones of time as people write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from strategic_memory_server.entries.entry_fields import RejectionError

_UTC = re.compile(r"[Zz]|\(?(?:UTC|GMT|utc|gmt)\)?")
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])([0-9]{1,2})(?::?([0-9]{2}))?(?::?[0-9]{2})?")
_NAME = re.compile(r"([A-Z][A-Za-z_]+/[A-Za-z_/+-]+[0-9]*)")
_NAMED_BESIDE = re.compile(r" ?(?:\([^()]*\)|\[[^\[\]]*\])")
"""What Java and JavaScript write behind an offset."""

_ABBREVIATION = re.compile(r"[A-Z]{2,5}")


class AbbreviationError(ValueError):
    """A zone is named by letters that stand for several."""


def named_zone(name: str) -> tzinfo:
    """Return a zone by its name in the tz database, `Europe/Berlin`, or by its offset, `+01:00`.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        zone = written_zone(name)
    except AbbreviationError:
        raise ValueError(
            f"{name} stands for several zones: name a place, America/New_York, or an offset, -05:00"
        ) from None
    if zone is None:
        raise ValueError(
            f"{name!r} is no zone here: name a place, Europe/Berlin, or an offset, +01:00. Where places are not known "
            "at all, pip install tzdata"
        )
    return zone


def written_zone(text: str) -> tzinfo | None:
    """Return the zone that stands behind a time; None where the text is no zone.

    Raises:
        AbbreviationError: it stands for several zones.
    """
    if _UTC.fullmatch(text):
        return UTC
    if beside := _NAMED_BESIDE.search(text):
        # With an offset before it, its name says no more.
        return written_zone(text[: beside.start()]) if beside.start() and beside.end() == len(text) else None
    if offset := _OFFSET.fullmatch(text):
        apart = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-apart if offset[1] == "-" else apart) if apart < timedelta(days=1) else None
    if name := _NAME.fullmatch(text):
        try:
            return ZoneInfo(name[1])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
    if _ABBREVIATION.fullmatch(text):
        raise AbbreviationError(text)
    return None


def abbreviated(at: datetime, abbreviation: str, zone: tzinfo) -> datetime | None:
    """Return a local time of a zone which calls itself so then; None where it does not."""
    for fold in (0, 1):
        local = at.replace(tzinfo=zone, fold=fold)
        if local.tzname() == abbreviation:
            return local
    return None


def in_zone(column: str, at: datetime, zone: tzinfo) -> datetime:
    """Return a local time with its zone.

    Raises:
        RejectionError: the clocks of the zone showed it twice, or never.
    """
    local = at.replace(tzinfo=zone)
    if not isinstance(zone, ZoneInfo) or local.utcoffset() == local.replace(fold=1).utcoffset():
        return local
    shown = local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == at
    raise RejectionError(f"{column}_{'twice' if shown else 'never'}_in_zone", at.isoformat(" "))
