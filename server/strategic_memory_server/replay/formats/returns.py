"""A series of returns with a date index, as quantstats and pandas write one: two columns, a date and a return."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.cells import is_given
from strategic_memory_server.replay.formats.format import Format, Results

_DATES = ("date", "datetime", "timestamp", "index", "time", "unnamed: 0", "")
_RETURNS = (
    "returns", "return", "strategy", "daily return", "daily returns", "strategy return", "strategy returns",
    "net return", "net returns", "portfolio return", "portfolio returns", "ret", "pct_change", "0",
)  # fmt: skip

RETURNS = Format(
    name="series of returns",
    known_by=(_DATES, _RETURNS),
    columns={names.TIME: _DATES, names.PNL: _RETURNS},
    pnl="a fraction of the portfolio, each period",
    kind="portfolio",
    results=(Results(_RETURNS, is_given, "periods without a return"),),
    most_columns=2,
)
