"""Binance: exports of its futures (trades, positions, transactions), what its interface answers, and spot trades."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.cells import is_not_zero, is_one_of
from strategic_memory_server.replay.formats.format import Format, Results
from strategic_memory_server.replay.written.time_units import Unit
from strategic_memory_server.replay.written.ways import Declared

_MILLISECONDS = Declared(unit=Unit.MILLISECONDS)

_TIME = ("Date(UTC)", "Time(UTC)", "UTC_Time", "Time")
_YEAR_FIRST = Declared(order="ymd")
"""The years of some exports have two digits."""

_SINCE = 2019
"""Earlier there were no futures: a day, or a month, was taken for the year."""

_ZONE = "UTC, where the export was asked for in UTC"
_MARKET = ("Asset", "Quote Asset", "Margin Asset", "Symbol")
_GROSS = "money, before fees"
_is_pnl = is_one_of("REALIZED_PNL", "REALIZED PNL")

TRADES = Format(
    name="Binance futures trades",
    known_by=(_TIME, "Symbol", "Realized Profit"),
    columns={names.TIME: _TIME, names.REALIZED_PNL: ("Realized Profit",), names.TRADE_ID: ("Trade ID",)},
    pnl=_GROSS,
    currency=_MARKET,
    zone=_ZONE,
    declared={names.TIME: _YEAR_FIRST, names.OPENED: _YEAR_FIRST},
    since=_SINCE,
    results=(Results(("Realized Profit",), is_not_zero, "fills that open"),),
)

POSITIONS = Format(
    name="Binance futures positions",
    known_by=("Symbol", "Closing PNL", "Opened", "Closed"),
    columns={names.TIME: ("Closed",), names.OPENED: ("Opened",), names.REALIZED_PNL: ("Closing PNL",)},
    pnl=_GROSS,
    currency=_MARKET,
    zone=_ZONE,
    declared={names.TIME: _YEAR_FIRST, names.OPENED: _YEAR_FIRST},
    since=_SINCE,
    results=(Results(("Status",), is_one_of("Closed"), "positions still open"),),
)

TRANSACTIONS = Format(
    name="Binance futures transactions",
    known_by=(_TIME, "Type", "Amount", "Asset", "Symbol"),
    columns={names.TIME: _TIME, names.REALIZED_PNL: ("Amount",)},
    pnl=_GROSS,
    currency=_MARKET,
    zone=_ZONE,
    declared={names.TIME: _YEAR_FIRST, names.OPENED: _YEAR_FIRST},
    since=_SINCE,
    results=(Results(("Type",), _is_pnl, "fees, funding and transfers"),),
)

INCOME = Format(
    name="Binance futures income, of its interface",
    known_by=("incomeType", "income", "time", "tranId"),
    columns={names.TIME: ("time",), names.REALIZED_PNL: ("income",)},
    pnl=_GROSS,
    currency=_MARKET,
    declared={names.TIME: _MILLISECONDS},
    results=(Results(("incomeType",), _is_pnl, "fees, funding and transfers"),),
)

USER_TRADES = Format(
    name="Binance futures trades, of its interface",
    known_by=("realizedPnl", "commission", "orderId", "time"),
    columns={names.TIME: ("time",), names.REALIZED_PNL: ("realizedPnl",), names.TRADE_ID: ("id",)},
    pnl=_GROSS,
    currency=_MARKET,
    declared={names.TIME: _MILLISECONDS},
    results=(Results(("realizedPnl",), is_not_zero, "fills that open"),),
)

SPOT = Format(
    name="Binance spot trades",
    known_by=(_TIME, ("Pair", "Market"), ("Executed", "Total"), "Price", "Fee"),
    columns={},
    refused="it holds fills, and not what a trade earned: work out each result, and give columns time and pnl",
)
