"""Trades as columns for the long memory: what the windows read of them, and the ids that their producers gave."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.inputs import input_keys
from strategic_memory_server.inputs.column_buffer import Columns
from strategic_memory_server.inputs.entries import TradeResult, read_trade_result
from strategic_memory_server.inputs.entry_fields import Fields, RejectionError, optional_name
from strategic_memory_server.inputs.field_columns import UnusualEntryError, plain_names
from strategic_memory_server.inputs.name_table import NameTable
from strategic_memory_server.inputs.page_reader import Page, PageReader
from strategic_memory_server.inputs.rolling_results import trade_columns
from strategic_memory_server.inputs.whole_pages import trades_of_page

TRADE_ID = "trade_id"


@dataclass(frozen=True, slots=True)
class IdentifiedTrade:
    """A trade with its producer's name for it; empty: not given."""

    trade: TradeResult
    trade_id: str


def identified_trades(names: NameTable) -> PageReader[IdentifiedTrade]:
    """Make a reader of trades whose columns have their ids too, as "trade_id"; `names` gives regimes an index."""
    strategies = NameTable()
    return PageReader(
        input_keys.TRADE_RESULTS,
        _read,
        functools.partial(_pack, names=names, strategies=strategies),
        functools.partial(_read_whole, names=names, strategies=strategies),
    )


def _read(fields: Fields) -> IdentifiedTrade:
    return IdentifiedTrade(read_trade_result(fields), _trade_id(fields))


def _trade_id(fields: Fields) -> str:
    """Read the id that the producer gave; one that is no name tells nothing apart."""
    try:
        return optional_name(fields, TRADE_ID)
    except RejectionError:
        return ""


def _pack(
    entries: Sequence[IdentifiedTrade], positions: Sequence[bytes], names: NameTable, strategies: NameTable
) -> Columns:
    columns = trade_columns([entry.trade for entry in entries], positions, names, strategies)
    return {**columns, TRADE_ID: np.array([entry.trade_id for entry in entries], dtype=np.object_)}


def _read_whole(page: Page, names: NameTable, strategies: NameTable) -> Columns:
    columns, entries = trades_of_page(page, names, strategies), [fields for _, fields in page]
    try:
        trade_ids = plain_names(entries, TRADE_ID.encode())
    except UnusualEntryError:
        trade_ids = [_trade_id(fields) for fields in entries]
    return {**columns, TRADE_ID: np.array(trade_ids, dtype=np.object_)}
