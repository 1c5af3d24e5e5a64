"""Writes `quantstats.csv`, the daily returns that quantstats makes its reports of, and what the tool says of them.

run_quantstats.py PRICES FOLDER
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import quantstats as qs

prices, folder = Path(sys.argv[1]), Path(sys.argv[2])
close = pd.read_csv(prices, index_col="time", parse_dates=True)["close"].rename_axis("Date")
returns = qs.utils.to_returns(close.resample("D").last()).rename("Strategy")
returns.to_csv(folder / "quantstats.csv")
returns.to_json(folder / "quantstats.json")
said = {
    "kind": "portfolio",
    "results": int(returns.count()),
    "pnl": float(returns.sum()),
    "first_opened": str(returns.first_valid_index()),
    "last_closed": str(returns.index[-1]),
}
whole = {
    "tool": "quantstats",
    "version": version("quantstats"),
    "exports": {"quantstats.csv": said, "quantstats.json": said},
}
(folder / "quantstats.expected.json").write_text(json.dumps(whole, indent=1) + "\n")
