"""Trades and portfolio entries that carry no regime and for whose time none was observed."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.entries.input_keys import PORTFOLIO_MEMORY, TRADE_RESULTS
from strategic_memory_server.memory.strategic_memory import UNKNOWN_REGIME

NAME = "missing_regimes"

MANY = 0.2
"""Share of a window from which on it is told."""


def check(examined: Examined) -> Iterator[Finding]:
    """Tell windows of which many entries teach nothing of a regime; it is critical where all are."""
    memory = examined.redis.memory
    if UNKNOWN_REGIME not in memory.regime_names:
        return
    unknown = memory.regime_names.index(UNKNOWN_REGIME)
    for source, regime in ((TRADE_RESULTS, memory.trades.regime), (PORTFOLIO_MEMORY, memory.portfolio.regime)):
        without = int((regime == unknown).sum())
        if without and without >= MANY * regime.size:
            yield Finding(
                NAME,
                Severity.CRITICAL if without == regime.size else Severity.WARNING,
                f"{without} of the newest {regime.size} entries of {examined.key(source)} have no regime, and none was "
                "observed by the time they were opened: let the producer write market_regime, or start the regime "
                "detector before it (strategic-memory-server regimes --publish)",
                examined.newest(source),
            )
