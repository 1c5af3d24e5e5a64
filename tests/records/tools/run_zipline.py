"""Writes the round trips of a zipline backtest, as pyfolio tells them from its transactions, and what they say.

run_zipline.py PRICES FOLDER

zipline itself knows transactions and no trades; pyfolio, which reads its results, makes round trips of them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import pandas as pd

prices, folder = Path(sys.argv[1]), Path(sys.argv[2])


def round_trips(candles: pd.DataFrame, scratch: Path) -> pd.DataFrame:
    """Ingest daily candles, run a strategy on them, and return its round trips."""
    import pyfolio
    from zipline import run_algorithm
    from zipline.api import order_target, set_commission, symbol
    from zipline.data import bundles
    from zipline.data.bundles.csvdir import csvdir_equities
    from zipline.finance.commission import PerDollar
    from zipline.protocol import BarData
    from zipline.utils.calendar_utils import get_calendar

    (scratch / "csv/daily").mkdir(parents=True)
    candles.to_csv(scratch / "csv/daily/MADEUP.csv")
    bundles.register("made_up", csvdir_equities(["daily"], str(scratch / "csv")), calendar_name="24/7")
    bundles.ingest("made_up")

    def initialize(context: object) -> None:
        set_commission(PerDollar(0.001))

    def handle_data(context: object, data: BarData) -> None:
        closes = data.history(symbol("MADEUP"), "close", 8, "1d")
        order_target(symbol("MADEUP"), 50 if closes[-3:].mean() > closes.mean() else -50)

    result = run_algorithm(
        start=candles.index[10], end=candles.index[-1], initialize=initialize, handle_data=handle_data,
        capital_base=10_000, bundle="made_up", data_frequency="daily", trading_calendar=get_calendar("24/7"),
        benchmark_returns=pd.Series(0.0, candles.index.tz_localize("UTC")),
    )  # fmt: skip
    _, _, transactions = pyfolio.utils.extract_rets_pos_txn_from_zipline(result)
    return pyfolio.round_trips.extract_round_trips(transactions.drop(columns="dt"))


hours = pd.read_csv(prices, index_col="time", parse_dates=True)
days = hours.resample("D").agg({"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"})
days = days.rename_axis("date").assign(volume=1_000_000, dividend=0.0, split=1.0)
with tempfile.TemporaryDirectory() as scratch:
    os.environ["ZIPLINE_ROOT"] = scratch
    trips = round_trips(days, Path(scratch))
trips.to_csv(folder / "zipline.csv")
said = {
    "kind": "trade",
    "results": len(trips),
    "pnl": float(trips["pnl"].sum()),
    "first_opened": str(trips["open_dt"].min()),
    "last_closed": str(trips["close_dt"].max()),
}
whole = {"tool": "zipline-reloaded", "version": version("zipline-reloaded"), "exports": {"zipline.csv": said}}
(folder / "zipline.expected.json").write_text(json.dumps(whole, indent=1) + "\n")
