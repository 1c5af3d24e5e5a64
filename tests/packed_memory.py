"""Inline memories in the packed form of the wire, made from the form that holds the names themselves."""

from __future__ import annotations

from google.protobuf.message import Message

from strategic_memory.v1 import memory_pb2

_NAMES = {
    "regime_observations": ("regime",),
    "portfolio_entries": ("regime",),
    "trade_results": ("market_regime", "policy", "strategy"),
}


def packed_memory(memory: memory_pb2.InlineMemory) -> memory_pb2.InlineMemory:
    """The same memory with every column of names packed."""
    packed = memory_pb2.InlineMemory()
    packed.CopyFrom(memory)
    for table, columns in _NAMES.items():
        for column in columns:
            pack_column(getattr(packed, table), column)
    return packed


def pack_column(table: Message, column: str) -> None:
    """Pack one column of names of a table, in which it may be empty."""
    names = list(getattr(table, column))
    if not names:
        return
    table.ClearField(column)
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    getattr(table, f"{column}_names").extend(places)
    getattr(table, f"{column}_code").extend(places[name] for name in names)
