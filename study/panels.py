"""What following the recommendation would have been worth on market data; a look at reality, held to nothing.

Daily closes of the S&P 500, the NASDAQ and oil (WTI) as they come with the package `arch`. At each close one of four
regimes is told from the closes so far: whether the spread of the last 20 returns is above that of the last 250, and
whether the close is above the mean of the last 100. The policies hold 0.3, 1 and 1.8 times the asset, and pay 5 basis
points of what they trade. The estimators see one policy for 20 days, then the next; each day the one that they
recommend for the present regime is followed. The figure is the mean daily pnl of following less that of the fixed
policy that was the best one in hindsight, over the spread of the latter's pnl; fixed policies do not trade.

What it should show is that no difference can be shown.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from strategic_memory_server.evidence.cells import Floats
from strategic_memory_server.evidence.settings import EvidenceSettings
from study.histories import Codes
from study.learners import LEARNERS, Learner, follows
from study.options import Options
from study.row import Row
from study.worlds import REGIMES

PANELS: Mapping[str, str] = {"sp500": "Adj Close", "nasdaq": "Adj Close", "wti": "DCOILWTICO"}
"""Modules of `arch.data`, and the column of each with the closes."""

EXPOSURES = np.array([0.3, 1.0, 1.8])
COST = 0.0005
_SHORT_DAYS, _TREND_DAYS, _YEAR_DAYS = 20, 100, 250
_SHOWN_DAYS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Days of a market, the oldest first.

    Attributes:
        regimes: known at the close before, shape (days,).
        returns: of the day, shape (days,).
    """

    regimes: Codes
    returns: Floats


def rows(options: Options) -> list[Row]:
    """Look at each panel; a row that says so where `arch` is not installed. The options change nothing."""
    del options
    if importlib.util.find_spec("arch") is None:
        return [Row("market data of arch", math.nan, remark="skipped: not installed, run `make study`")]
    return [_row(name, loaded(name), learner) for name in PANELS for learner in LEARNERS]


def loaded(name: str) -> Panel:
    """Load a panel by its name in `PANELS`."""
    data: Any = importlib.import_module(f"arch.data.{name}")
    closes = np.asarray(data.load()[PANELS[name]], dtype=np.float64)
    return panel(closes[np.isfinite(closes)])


def panel(closes: Floats) -> Panel:
    """Tell the regime at each close, beside the return of the next day."""
    returns, days = np.diff(np.log(closes)), range(_YEAR_DAYS, closes.size - 1)
    wild = [returns[day - _SHORT_DAYS : day].std() > returns[day - _YEAR_DAYS : day].std() for day in days]
    rising = [closes[day] > closes[day - _TREND_DAYS + 1 : day + 1].mean() for day in days]
    return Panel(2 * np.array(wild, dtype=np.intp) + rising, closes[_YEAR_DAYS + 1 :] / closes[_YEAR_DAYS:-1] - 1.0)


def _row(name: str, market: Panel, learner: str) -> Row:
    settings = EvidenceSettings()
    followed = follow(LEARNERS[learner](1, REGIMES, settings), market, settings)
    exposure = EXPOSURES[followed]
    earned = exposure * market.returns - COST * np.abs(np.diff(exposure, prepend=exposure[0]))
    fixed = market.returns[:, None] * EXPOSURES
    best = fixed[:, fixed.mean(axis=0).argmax()]
    difference = (earned - best) / best.std(ddof=1)
    error = float(difference.std(ddof=1) / np.sqrt(difference.size))
    test = f"{name}: mean pnl of following less that of the best fixed policy, in spreads"
    return Row(test, float(difference.mean()), None, error, learner=learner)


def follow(learner: Learner, market: Panel, settings: EvidenceSettings) -> Codes:
    """Say which policy is recommended each day, before it is known what the day brings."""
    followed = np.empty(market.returns.size, dtype=np.intp)
    for day, (regime, change) in enumerate(zip(market.regimes, market.returns, strict=True)):
        here = np.array([regime])
        followed[day] = follows(learner, here, settings)[0]
        shown = (day // _SHOWN_DAYS) % EXPOSURES.size
        learner.observe(here, np.array([shown]), np.array([EXPOSURES[shown] * change]))
    return followed
