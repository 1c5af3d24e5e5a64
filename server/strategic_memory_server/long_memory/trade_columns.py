"""The reader of trades for the long memory: what the windows read of them, with names of its own."""

from __future__ import annotations

import functools

from strategic_memory_server.entries import input_keys
from strategic_memory_server.entries.entries import TradeResult, read_trade_result
from strategic_memory_server.inputs.page_reader import PageReader
from strategic_memory_server.inputs.whole_pages import trades_of_page
from strategic_memory_server.windows.name_table import NameTable
from strategic_memory_server.windows.rolling_trades import trade_columns


def identified_trades(names: NameTable) -> PageReader[TradeResult]:
    """Make a reader of trades; `names` gives regimes an index."""
    strategies = NameTable()
    return PageReader(
        input_keys.TRADE_RESULTS,
        read_trade_result,
        functools.partial(trade_columns, names=names, strategies=strategies),
        functools.partial(trades_of_page, names=names, strategies=strategies),
    )
