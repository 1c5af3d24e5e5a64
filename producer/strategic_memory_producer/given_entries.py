"""Checks what a program hands over to be written, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from strategic_memory_producer.checked_values import shown
from strategic_memory_producer.entry import PORTFOLIO, REGIMES, TRADES, Entry
from strategic_memory_producer.errors import EntryRefusedError

_MAKE = "give what trade_result, regime_observation and portfolio_entry return"
_STREAMS = (REGIMES, TRADES, PORTFOLIO)


def checked_entries(given: object) -> list[Entry]:
    """Return entries as a list.

    Raises:
        EntryRefusedError: it is something else, or holds something else, whose place is named.
    """
    if isinstance(given, Entry):
        raise EntryRefusedError("entries", "is one entry; give a list of entries")
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise EntryRefusedError("entries", f"{shown(given)} is no list of entries; {_MAKE}")
    entries = list(given)
    for index, entry in enumerate(entries):
        if not isinstance(entry, Entry):
            raise EntryRefusedError(f"entries[{index}]", f"{shown(entry)} is no entry; {_MAKE}")
        if entry.stream not in _STREAMS:
            raise EntryRefusedError(
                f"entries[{index}]", f"{shown(entry.stream)} is none of {', '.join(_STREAMS)}; {_MAKE}"
            )
        if not _is_filled(entry.fields):
            raise EntryRefusedError(f"entries[{index}]", f"{shown(entry.fields)} is no mapping of fields; {_MAKE}")
        for said in (said for field in entry.fields.items() for said in field):
            if not _can_be_sent(said):
                raise EntryRefusedError(f"entries[{index}]", f"{shown(said)} is no text that can be sent; {_MAKE}")
    return entries


def _is_filled(fields: object) -> bool:
    return isinstance(fields, Mapping) and bool(fields)


def _can_be_sent(said: object) -> bool:
    """Whether redis-py takes it for a name or a value; half of a surrogate pair is no UTF-8."""
    if isinstance(said, str):
        return not any("\ud800" <= character <= "\udfff" for character in said)
    return isinstance(said, bytes | int | float) and not isinstance(said, bool)
