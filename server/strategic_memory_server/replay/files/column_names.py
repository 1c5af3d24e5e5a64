"""Our names of columns."""

from __future__ import annotations

TIME, KIND, REGIME, PNL = "time", "kind", "regime", "pnl"
OPENED = "opened"
"""When a trade was opened; `time` is when it was closed."""

MARKET_REGIME, REALIZED_PNL = "market_regime", "realized_pnl"
POLICY, STRATEGY, TRADE_ID = "policy", "strategy", "trade_id"
VOLATILITY, TREND, CONFIDENCE = "volatility", "trend", "confidence"
POLICY_PNL = ("pnl_conservative", "pnl_balanced", "pnl_aggressive")
"""What each policy would have earned, in the order of `Policy`."""

OF_TRADES = (MARKET_REGIME, REALIZED_PNL, POLICY, STRATEGY, TRADE_ID, OPENED, *POLICY_PNL)
"""Columns that only a trade has: a row with a value in one of them is a trade, where it does not say what it is."""

OF_OBSERVATIONS = (VOLATILITY, TREND, CONFIDENCE)
"""Columns that say something of an observation."""

COLUMNS = (TIME, KIND, REGIME, PNL, *OF_OBSERVATIONS, *OF_TRADES)

NEEDED = (
    "needed are: time (ISO 8601, or seconds or milliseconds since 1970), and pnl (or realized_pnl); "
    "for regime observations also regime. Optional: kind (regime, portfolio, trade), market_regime, policy, "
    "volatility, trend, confidence, strategy, trade_id, opened, pnl_conservative, pnl_balanced, pnl_aggressive. "
    "Columns with other names: --map realized_pnl=profit,time=closed_at. Exports that need none: replay --formats"
)
