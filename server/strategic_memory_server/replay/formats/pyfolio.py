"""zipline and pyfolio: round trips (`extract_round_trips`), and the daily performance of a run of zipline."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.cells import is_given
from strategic_memory_server.replay.formats.format import Format, Results

ROUND_TRIPS = Format(
    name="pyfolio round trips",
    known_by=("pnl", "open_dt", "close_dt", "rt_returns"),
    columns={names.TIME: ("close_dt",), names.OPENED: ("open_dt",), names.REALIZED_PNL: ("pnl",)},
    pnl="money",
    is_run=True,
)

PERFORMANCE = Format(
    name="zipline performance",
    known_by=("period_open", "period_close", "portfolio_value", "returns", "pnl"),
    columns={names.TIME: ("period_close",), names.PNL: ("returns",)},
    pnl="a fraction of the portfolio, each day",
    kind="portfolio",
    results=(Results(("returns",), is_given, "days without a return"),),
    is_run=True,
)
