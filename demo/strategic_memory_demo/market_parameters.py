"""What the demo's market does in each regime.

Every pnl is in per cent of equity: 0.25 is a gain of a quarter of one per cent. The figures are made up; they
are chosen so that a good bull market passes the thresholds of the reference rules and a poor one does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

POLICIES = ("CONSERVATIVE", "BALANCED", "AGGRESSIVE")
"""The policies, which trade in turn."""

STRATEGIES: Mapping[str, str] = {
    "CONSERVATIVE": "mean_reversion",
    "BALANCED": "trend_following",
    "AGGRESSIVE": "breakout",
}
"""The strategy that each policy trades."""

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
"""The symbols that are traded."""


@dataclass(frozen=True, slots=True)
class RegimeProfile:
    """How the market and the account behave in one regime."""

    mean_dwell_steps: float
    """Mean length of a visit in steps; the length is geometric."""
    drift_pct: float
    """Mean pnl of the account in a step of average quality, in per cent of equity."""
    spread_pct: float
    """Standard deviation of the pnl of a step, in per cent of equity."""
    trend: float
    """Mean return of the price in a step, a fraction."""
    volatility: float
    """Standard deviation of the return of the price in a step, a fraction."""
    followed_by: Mapping[str, float]
    """Probability of each regime that may come next."""
    mistaken_for: tuple[str, ...]
    """What the detector reports when it is wrong."""
    edge_pct: Mapping[str, float]
    """Mean realised pnl of a trade of each policy, in per cent of equity."""


PROFILES: Mapping[str, RegimeProfile] = {
    "BULL": RegimeProfile(
        mean_dwell_steps=30,
        drift_pct=0.30,
        spread_pct=0.30,
        trend=0.0012,
        volatility=0.008,
        followed_by={"RANGE": 0.45, "VOLATILE": 0.25, "BEAR": 0.15, "UNCERTAIN": 0.15},
        mistaken_for=("RANGE", "UNCERTAIN"),
        edge_pct={"CONSERVATIVE": 0.10, "BALANCED": 0.28, "AGGRESSIVE": 0.45},
    ),
    "BEAR": RegimeProfile(
        mean_dwell_steps=20,
        drift_pct=-0.22,
        spread_pct=0.35,
        trend=-0.0014,
        volatility=0.014,
        followed_by={"RANGE": 0.35, "VOLATILE": 0.30, "BULL": 0.25, "UNCERTAIN": 0.10},
        mistaken_for=("VOLATILE", "UNCERTAIN"),
        edge_pct={"CONSERVATIVE": -0.04, "BALANCED": -0.20, "AGGRESSIVE": -0.42},
    ),
    "RANGE": RegimeProfile(
        mean_dwell_steps=28,
        drift_pct=0.06,
        spread_pct=0.12,
        trend=0.0,
        volatility=0.005,
        followed_by={"BULL": 0.50, "BEAR": 0.20, "VOLATILE": 0.20, "UNCERTAIN": 0.10},
        mistaken_for=("BULL", "BEAR", "UNCERTAIN"),
        edge_pct={"CONSERVATIVE": 0.05, "BALANCED": 0.12, "AGGRESSIVE": -0.06},
    ),
    "VOLATILE": RegimeProfile(
        mean_dwell_steps=16,
        drift_pct=-0.06,
        spread_pct=0.60,
        trend=-0.0002,
        volatility=0.028,
        followed_by={"BEAR": 0.35, "BULL": 0.30, "RANGE": 0.25, "UNCERTAIN": 0.10},
        mistaken_for=("BEAR", "UNCERTAIN"),
        edge_pct={"CONSERVATIVE": 0.02, "BALANCED": -0.08, "AGGRESSIVE": -0.25},
    ),
    "UNCERTAIN": RegimeProfile(
        mean_dwell_steps=8,
        drift_pct=-0.03,
        spread_pct=0.18,
        trend=0.0,
        volatility=0.010,
        followed_by={"BULL": 0.35, "RANGE": 0.30, "BEAR": 0.20, "VOLATILE": 0.15},
        mistaken_for=("RANGE", "VOLATILE"),
        edge_pct={"CONSERVATIVE": 0.01, "BALANCED": -0.03, "AGGRESSIVE": -0.08},
    ),
}
"""The regimes of the model. UNCERTAIN comes now and then and does not last."""
