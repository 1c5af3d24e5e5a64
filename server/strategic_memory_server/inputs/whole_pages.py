"""Reading a whole page of one stream into columns at once, where every entry of it is an ordinary one.

Each function gives what `entries.py` reads from the entries one by one, packed, and raises `UnusualEntryError` where an
entry has to be read by itself. Names get their index only once everything else has been read.
"""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.stream_position import positions_of_ids
from strategic_memory_server.entries.entries import PORTFOLIO_NUMBERS
from strategic_memory_server.entries.entry_fields import policy_of
from strategic_memory_server.entries.field_columns import (
    UnusualEntryError,
    name_column,
    number_column,
    optional_number_column,
)
from strategic_memory_server.entries.openings import opened_column
from strategic_memory_server.entries.trade_ids import TRADE_ID, trade_ids_of
from strategic_memory_server.inputs.page_reader import Page
from strategic_memory_server.memory.policy import NO_POLICY
from strategic_memory_server.windows.column_buffer import Columns
from strategic_memory_server.windows.name_table import NameTable
from strategic_memory_server.windows.opening_columns import opening_columns
from strategic_memory_server.windows.place_columns import place_columns


def observations_of_page(page: Page, names: NameTable) -> Columns:
    """Read a page of `stream:meta.regime`."""
    entries = [fields for _, fields in page]
    regimes = name_column(entries, b"regime", str.upper)
    if "" in regimes:
        raise UnusualEntryError
    return {
        "pnl": number_column(entries, b"pnl"),
        "volatility": optional_number_column(entries, b"volatility"),
        "trend": optional_number_column(entries, b"trend"),
        "confidence": optional_number_column(entries, b"confidence"),
        **place_columns(positions_of_ids([entry_id for entry_id, _ in page])),
        "regime": names.column(regimes),
    }


def portfolio_of_page(page: Page, names: NameTable) -> Columns:
    """Read a page of `stream:portfolio.memory`."""
    entries = [fields for _, fields in page]
    for field in PORTFOLIO_NUMBERS:
        optional_number_column(entries, field.encode())
    regimes = name_column(entries, b"regime", str.upper)
    places = place_columns(positions_of_ids([entry_id for entry_id, _ in page]))
    return {
        "pnl": number_column(entries, b"pnl"),
        **places,
        **opening_columns(opened_column(entries, places["time_ms"]), places["time_ms"]),
        "regime": names.column(regimes),
    }


def trades_of_page(page: Page, names: NameTable, strategies: NameTable) -> Columns:
    """Read a page of `stream:trade.results`."""
    entries = [fields for _, fields in page]
    regimes = name_column(entries, b"market_regime", str.upper)
    policies = name_column(entries, b"policy", _policy)
    named = name_column(entries, b"strategy", str)
    places = place_columns(positions_of_ids([entry_id for entry_id, _ in page]))
    return {
        "pnl": number_column(entries, b"realized_pnl"),
        "policy": np.array([policy for policy, _ in policies], dtype=np.int64),
        "unrecognised": np.array([unrecognised for _, unrecognised in policies], dtype=np.bool_),
        **places,
        **opening_columns(opened_column(entries, places["time_ms"]), places["time_ms"]),
        "regime": names.column(regimes),
        "strategy": strategies.column(named),
        TRADE_ID: np.array(trade_ids_of(entries), dtype=np.object_),
    }


def _policy(name: str) -> tuple[int, bool]:
    """Return the value of a policy, and whether it is a name that is none of the three."""
    policy = policy_of(name)
    return (NO_POLICY, bool(name)) if policy is None else (int(policy), False)
