"""Hourly prices of a market that never was, the same for every tool: a CSV file, by the standard library alone."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

HOURS = 90 * 24
BEGIN = datetime(2025, 1, 6, tzinfo=UTC)
SEED = 10


def write_prices(path: Path) -> None:
    """Write `time,open,high,low,close,volume`, one row an hour; trends come and go, so that following them trades."""
    source = random.Random(SEED)
    price, trend = 100.0, 0.0
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", "open", "high", "low", "close", "volume"])
        for hour in range(HOURS):
            if source.random() < 0.03:
                trend = source.gauss(0.0, 0.0008)
            close = price * (1.0 + source.gauss(trend, 0.006))
            high = max(price, close) * (1.0 + abs(source.gauss(0.0, 0.002)))
            low = min(price, close) * (1.0 - abs(source.gauss(0.0, 0.002)))
            cells = [f"{value:.2f}" for value in (price, high, low, close, source.uniform(50.0, 500.0))]
            writer.writerow([f"{BEGIN + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}", *cells])
            price = round(close, 2)
