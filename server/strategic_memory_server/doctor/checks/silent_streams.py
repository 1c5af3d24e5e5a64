"""Input streams that are not there, or to which nothing comes any more."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.entries.input_keys import META_REGIME, PORTFOLIO_MEMORY, TRADE_RESULTS

NAME = "silent_streams"

QUIET_S = 600.0
"""A stream is not silent before so long without an entry, seconds."""

QUIET_GAPS = 20
"""Nor before so many times the usual time between two of its entries."""

_NEEDED_FOR = {
    META_REGIME: "no regime is known, so nothing can be preferred and no trade without a regime counts for one",
    TRADE_RESULTS: "nothing is learnt of policies, and there is no evidence",
}
"""What is missing without a stream; the portfolio's is not everybody's."""


def check(examined: Examined) -> Iterator[Finding]:
    """Compare the age of the newest entry with the usual time between two."""
    memory, clock_ms = examined.redis.memory, examined.redis.clock_ms
    windows = {
        META_REGIME: memory.regimes.time_ms,
        TRADE_RESULTS: memory.trades.time_ms,
        PORTFOLIO_MEMORY: memory.portfolio.time_ms,
    }
    # One of another type is no stream, and told among what is refused.
    refused = {report.source for report in memory.sources if report.rejected}
    for source, times_ms in windows.items():
        severity = Severity.CRITICAL if source == META_REGIME else Severity.WARNING
        stream = examined.redis.streams.get(source)
        if stream is None or not stream.length:
            if source not in refused and (why := _NEEDED_FOR.get(source)):
                said = f"{examined.key(source)} has no entry: {why}. Start its producer, or give its --key-prefix"
                yield Finding(NAME, severity, said, examined.redis_cli("XINFO", "STREAM", examined.key(source)))
        elif clock_ms is not None and memory.timed and times_ms.size:
            age_s, usual_s = (clock_ms - int(times_ms[-1])) / 1000, _usual_gap_s(times_ms)
            if age_s > max(QUIET_S, QUIET_GAPS * usual_s):
                said = (
                    f"{examined.key(source)} has been silent for {_shown(age_s)}; before, an entry came every "
                    f"{_shown(usual_s)}. See whether its producer runs, and whether the market is open"
                )
                yield Finding(NAME, severity, said, examined.newest(source))


def _usual_gap_s(times_ms: IndexColumn) -> float:
    """Return the median time between two entries, seconds; 0 for one entry alone."""
    return float(np.median(np.diff(times_ms))) / 1000 if times_ms.size > 1 else 0.0


def _shown(seconds: float) -> str:
    """Write a span of time as a person says it."""
    for unit, length_s in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.0f} {unit}"
    return f"{seconds:.3g} s"
