"""Which columns of a file are read, and as what."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell, Page

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

COLUMNS = (TIME, KIND, REGIME, PNL, VOLATILITY, TREND, CONFIDENCE, *OF_TRADES)

NEEDED = (
    "needed are: time (ISO 8601, or seconds or milliseconds since 1970), and pnl (or realized_pnl); "
    "for regime observations also regime. Optional: kind (regime, portfolio, trade), market_regime, policy, "
    "volatility, trend, confidence, strategy, trade_id, opened, pnl_conservative, pnl_balanced, pnl_aggressive. "
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
    """Give the columns of a page by our names; the others are not read.

    What is mapped goes before what is found; a file without the mapped column keeps its own, if it has one.
    """
    found: dict[str, Sequence[Cell]] = {}
    for ours in COLUMNS:
        theirs = names.get(ours)
        if theirs is not None and theirs in page.columns:
            found[ours] = page.columns[theirs]
        elif ours in page.columns:
            found[ours] = page.columns[ours]
    for one, other in ((PNL, REALIZED_PNL), (REALIZED_PNL, PNL), (REGIME, MARKET_REGIME), (MARKET_REGIME, REGIME)):
        if names.get(one) in page.columns and other not in names:
            found.pop(other, None)
    return found


def require_mapped(names: Mapping[str, str], columns: Collection[str]) -> None:
    """Refuse a map that names a column which none of the files has.

    Raises:
        ReplayError: it does; the message names the nearest one.
    """
    for ours, theirs in names.items():
        if theirs not in columns:
            nearest = difflib.get_close_matches(theirs, columns, n=1, cutoff=0.0)
            raise ReplayError(
                f"--map {ours}={theirs}: no file has a column {theirs!r}"
                + (f"; is it {nearest[0]!r}?" if nearest else "; there are no columns")
            )
