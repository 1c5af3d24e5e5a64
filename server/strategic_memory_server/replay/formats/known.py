"""Every format that is known by its columns."""

from __future__ import annotations

from collections.abc import Sequence

from strategic_memory_server.replay.formats import (
    backtesting,
    backtrader,
    binance,
    bybit,
    exported,
    freqtrade,
    ftmo,
    fx_blue,
    interactive_brokers,
    jesse,
    metatrader,
    nautilus_trader,
    pybroker,
    pyfolio,
    returns,
    tradingview,
    tradovate,
    vectorbt,
)
from strategic_memory_server.replay.formats.format import Format

FORMATS: Sequence[Format] = (
    freqtrade.BACKTEST,
    freqtrade.DATABASE,
    freqtrade.POINTER,
    freqtrade.ABOUT,
    backtesting.TRADES,
    vectorbt.RECORDS,
    nautilus_trader.POSITIONS,
    backtrader.TRADES,
    pybroker.TRADES,
    pyfolio.ROUND_TRIPS,
    pyfolio.PERFORMANCE,
    jesse.TRADES,
    returns.RETURNS,
    metatrader.POSITIONS,
    metatrader.DEALS,
    metatrader.PYTHON_DEALS,
    metatrader.CLOSED_TRADES,
    ftmo.TRADES,
    fx_blue.HISTORY,
    tradingview.LIST_OF_TRADES,
    tradovate.PERFORMANCE,
    interactive_brokers.FLEX,
    interactive_brokers.ACTIVITY,
    binance.TRADES,
    binance.POSITIONS,
    binance.TRANSACTIONS,
    binance.INCOME,
    binance.USER_TRADES,
    binance.SPOT,
    bybit.CLOSED_PNL,
    bybit.INTERFACE,
    exported.PORTFOLIO,
)
