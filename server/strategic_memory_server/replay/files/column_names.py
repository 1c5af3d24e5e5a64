"""Which columns of a file are read, and as what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell, Page

TIME, KIND, REGIME, PNL = "time", "kind", "regime", "pnl"
MARKET_REGIME, REALIZED_PNL = "market_regime", "realized_pnl"
POLICY, STRATEGY, TRADE_ID = "policy", "strategy", "trade_id"
VOLATILITY, TREND, CONFIDENCE = "volatility", "trend", "confidence"
POLICY_PNL = ("pnl_conservative", "pnl_balanced", "pnl_aggressive")
"""What each policy would have earned, in the order of `Policy`."""

OF_TRADES = (MARKET_REGIME, REALIZED_PNL, POLICY, STRATEGY, TRADE_ID, *POLICY_PNL)
"""Columns that only a trade has: a row with a value in one of them is a trade, where it does not say what it is."""

COLUMNS = (TIME, KIND, REGIME, PNL, VOLATILITY, TREND, CONFIDENCE, *OF_TRADES)

NEEDED = (
    "needed are: time (ISO 8601, or seconds or milliseconds since 1970), and pnl (or realized_pnl); "
    "for regime observations also regime. Optional: kind (regime, portfolio, trade), market_regime, policy, "
    "volatility, trend, confidence, strategy, trade_id, pnl_conservative, pnl_balanced, pnl_aggressive. "
    "Columns with other names: --map realized_pnl=profit,time=closed_at"
)


def parse_map(texts: Sequence[str]) -> dict[str, str]:
    """Read `ours=theirs,...`, once or several times: the file's name of a column by ours.

    Raises:
        ReplayError: it is none, or names no column of ours.
    """
    names: dict[str, str] = {}
    for pair in (pair for text in texts for pair in text.split(",") if pair.strip()):
        ours, separator, theirs = (part.strip() for part in pair.partition("="))
        if not separator or not ours or not theirs:
            raise ReplayError(
                f"--map {pair.strip()!r}: give a column here and its name in the file, realized_pnl=profit"
            )
        if ours not in COLUMNS:
            raise ReplayError(f"--map {pair.strip()!r}: {ours!r} is no column here; there are {', '.join(COLUMNS)}")
        names[ours] = theirs
    return names


def named_columns(page: Page, names: Mapping[str, str]) -> dict[str, Sequence[Cell]]:
    """Give the columns of a page by our names; the others are not read."""
    found: dict[str, Sequence[Cell]] = {}
    for ours in COLUMNS:
        theirs = names.get(ours)
        if theirs is not None and theirs in page.columns:
            found[ours] = page.columns[theirs]
        elif theirs is None and ours in page.columns:
            found[ours] = page.columns[ours]
    return found
