"""Names of the nine inputs in Redis, as sources (without the prefix) and as keys (with it)."""

from __future__ import annotations

GOVERNANCE_POLICY = "governance:policy"
GOVERNANCE_PREFERRED_REGIME = "governance:preferred_regime"
GOVERNANCE_REGIME_STATS = "governance:regime_stats"
EXPOSURE_SUMMARY = "exposure:summary"
LEVERAGE_LIMITS = "risk:leverage_limits"
EXIT_STATISTICS = "exit:statistics"
META_REGIME = "stream:meta.regime"
PORTFOLIO_MEMORY = "stream:portfolio.memory"
TRADE_RESULTS = "stream:trade.results"

VALUE_SOURCES = (
    GOVERNANCE_POLICY,
    GOVERNANCE_PREFERRED_REGIME,
    GOVERNANCE_REGIME_STATS,
    EXPOSURE_SUMMARY,
    LEVERAGE_LIMITS,
    EXIT_STATISTICS,
)
"""Sources that are one string each."""

STREAM_SOURCES = (META_REGIME, PORTFOLIO_MEMORY, TRADE_RESULTS)
"""Sources that are streams."""


def key_of(prefix: str, source: str) -> str:
    """The Redis key of a source, for example "quantum:stream:meta.regime"."""
    return f"{prefix}:{source}"
