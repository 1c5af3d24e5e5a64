"""Writes `vectorbt.csv`, `records_readable` of the trades of a vectorbt portfolio, and what the tool says of them.

run_vectorbt.py PRICES FOLDER
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import vectorbt as vbt

prices, folder = Path(sys.argv[1]), Path(sys.argv[2])
close = pd.read_csv(prices, index_col="time", parse_dates=True)["close"]
fast, slow = vbt.MA.run(close, 12), vbt.MA.run(close, 48)
portfolio = vbt.Portfolio.from_signals(
    close,
    entries=fast.ma_crossed_above(slow),
    short_entries=fast.ma_crossed_below(slow),
    init_cash=10_000,
    size=50.0,
    fees=0.001,
    freq="1h",
)
trades = portfolio.trades
trades.records_readable.to_csv(folder / "vectorbt.csv")
closed = trades.closed
said = {
    "tool": "vectorbt",
    "version": version("vectorbt"),
    "exports": {
        "vectorbt.csv": {
            "kind": "trade",
            "results": int(closed.count()),
            "open": int(trades.open.count()),
            "pnl": float(closed.pnl.sum()),
            "first_opened": str(closed.records_readable["Entry Timestamp"].min()),
            "last_closed": str(closed.records_readable["Exit Timestamp"].max()),
        }
    },
}
(folder / "vectorbt.expected.json").write_text(json.dumps(said, indent=1) + "\n")
