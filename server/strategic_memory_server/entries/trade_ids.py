"""The ids that producers give to trades: what tells a trade that is sent twice from another one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from strategic_memory_server.entries.entry_fields import WRITTEN_FOR_NONE, Fields, RejectionError, read_name
from strategic_memory_server.entries.field_columns import UnusualEntryError, plain_names
from strategic_memory_server.entries.oddities import shown

TRADE_ID = "trade_id"

_MARK = "\0"
"""Begins what stands for an id that is no name, which no name does."""

_DIGEST_BYTES = 16


def trade_id_of(fields: Fields) -> str:
    """The id of a trade, empty where it has none; a digest of it where it is too long or no printable UTF-8."""
    raw = fields.get(b"trade_id")
    if not raw or raw.isspace():
        return ""
    try:
        name = read_name(TRADE_ID, raw)
    except RejectionError:
        digest = hashlib.blake2b(raw.strip(), digest_size=_DIGEST_BYTES).hexdigest()
        return f"{_MARK}{digest}{_MARK}{shown(raw)}"
    # Trades that have it in common are not one trade.
    return "" if name in WRITTEN_FOR_NONE else name


def trade_ids_of(entries: Sequence[Fields]) -> list[str]:
    """The ids of many trades, as `trade_id_of` gives each."""
    try:
        names = plain_names(entries, b"trade_id")
    except UnusualEntryError:
        return [trade_id_of(fields) for fields in entries]
    return names if WRITTEN_FOR_NONE.isdisjoint(names) else ["" if name in WRITTEN_FOR_NONE else name for name in names]


def hashed_among(trade_ids: Sequence[str]) -> list[str]:
    """Return those of some ids that are digests."""
    return [trade_id for trade_id in trade_ids if trade_id.startswith(_MARK)] if _MARK in "".join(trade_ids) else []


def shown_id_of(trade_id: str) -> str:
    """Write an id, or the beginning of what its digest stands for; printable."""
    return trade_id.rpartition(_MARK)[2] if trade_id.startswith(_MARK) else shown(trade_id)
