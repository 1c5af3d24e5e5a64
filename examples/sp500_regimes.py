"""Replays three policies over the daily S&P 500 from 1999 to 2018, without any download.

The prices come with the package `arch`, which `pip install arch` brings (the service does not need it):

    python examples/sp500_regimes.py
    python examples/sp500_regimes.py --folder /tmp/sp500

At the close of each day the regime is told from what has been seen by then: the volatility of the last 20 days
against that of the last year, and the price against its mean of the last 100 days. The next day's trade is one of
three policies that hold 0.3, 1 or 1.8 times the index (less in a bear market), at a cost for each change of exposure.
The record says what each would have earned, and that one of them was followed for 20 days, then the next. The replay
shows what the advice would have been worth, and usually that no difference can be shown.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from strategic_memory_server.cli.commands import app

EXPOSURE = {"CONSERVATIVE": 0.3, "BALANCED": 1.0, "AGGRESSIVE": 1.8}
"""Share of the capital in the index, by policy, where the regime is no bear market."""

IN_BEAR = {"CONSERVATIVE": 0.0, "BALANCED": 0.5, "AGGRESSIVE": 1.8}
"""The same in a bear market."""

COST = 0.0005
"""Of each unit of exposure that is bought or sold."""

SHORT_DAYS, TREND_DAYS, YEAR_DAYS = 20, 100, 250
FOLLOWED_DAYS = 20
"""For so many days one policy is followed, then the next."""

POLICY_PNL = ["pnl_conservative", "pnl_balanced", "pnl_aggressive"]
COLUMNS = ["time", "kind", "regime", "pnl", "policy", "volatility", "trend", "confidence", *POLICY_PNL]


def regime_at(closes: Sequence[float]) -> tuple[str, float, float, float]:
    """Tell the regime after the last of these closes, with volatility, trend, and how clear it is (0 to 1)."""
    returns = np.diff(np.log(closes))
    usual = float(np.std(returns[-YEAR_DAYS:]))
    volatility = float(np.std(returns[-SHORT_DAYS:]))
    trend = closes[-1] / float(np.mean(closes[-TREND_DAYS:])) - 1.0
    strength = min(abs(trend) / (5.0 * usual), 1.0)
    if volatility > 1.5 * usual:
        return "VOLATILE", volatility, trend, min(volatility / usual - 1.0, 1.0)
    if strength < 0.3:
        return "RANGE", volatility, trend, 1.0 - strength
    return ("BULL" if trend > 0 else "BEAR"), volatility, trend, strength


def record(times: Sequence[datetime], closes: Sequence[float]) -> Iterator[list[object]]:
    """Yield the rows: each day the regime at the close before, then what the trades of the day earned."""
    held = dict.fromkeys(EXPOSURE, 0.0)
    policies = list(EXPOSURE)
    for day in range(YEAR_DAYS + 1, len(closes)):
        regime, volatility, trend, confidence = regime_at(closes[:day])
        before, change = closes[day - 1] / closes[day - 2] - 1.0, closes[day] / closes[day - 1] - 1.0
        earned = {}
        for policy in policies:
            wanted = (IN_BEAR if regime == "BEAR" else EXPOSURE)[policy]
            earned[policy] = wanted * change - COST * abs(wanted - held[policy])
            held[policy] = wanted
        followed = policies[(day // FOLLOWED_DAYS) % len(policies)]
        figures = [f"{number:.6f}" for number in (volatility, trend, confidence)]
        yield [times[day - 1].isoformat(), "regime", regime, f"{before:.8f}", "", *figures, "", "", ""]
        pnl = [f"{earned[policy]:.8f}" for policy in policies]
        yield [times[day].isoformat(), "trade", regime, pnl[policies.index(followed)], followed, "", "", "", *pnl]


def load() -> tuple[list[datetime], list[float]] | None:
    """Load dates and adjusted closes; None where the package that holds them is not installed."""
    try:
        prices: Any = importlib.import_module("arch.data.sp500")
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] != "arch":
            raise
        return None
    table = prices.load()
    return [at.to_pydatetime() for at in table.index], [float(close) for close in table["Adj Close"]]


def main() -> None:
    """Write the record, replay it, and say where the report is."""
    parser = argparse.ArgumentParser(description="Replay three policies over the daily S&P 500.")
    parser.add_argument("--folder", type=Path, help="where the record and the report go; default: a temporary folder")
    folder: Path | None = parser.parse_args().folder
    loaded = load()
    if loaded is None:
        print("Skipped: the prices come with the package arch, which is not installed: pip install arch")
        return
    folder = folder or Path(tempfile.mkdtemp(prefix="sp500-"))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "sp500.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(record(*loaded))
    app(["replay", str(folder / "sp500.csv"), "--out", str(folder / "report")])


if __name__ == "__main__":
    main()
