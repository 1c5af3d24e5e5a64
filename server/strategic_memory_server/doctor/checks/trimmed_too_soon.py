"""Input streams that are trimmed so short that entries can be gone before they are read."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.entries.input_keys import META_REGIME, PORTFOLIO_MEMORY, TRADE_RESULTS
from strategic_memory_server.inputs.bookmark import BEFORE_ALL

SYNCS = 3
"""A stream should hold what came in so many intervals: one sync may be late, and one may fail."""


def check(examined: Examined) -> Iterator[Finding]:
    """Look at streams of which something was trimmed; before Redis 7 nothing tells that."""
    windows, interval_s = examined.settings.sync.advice.windows, examined.settings.sync.interval_s
    wanted = {META_REGIME: windows.regime, PORTFOLIO_MEMORY: windows.portfolio, TRADE_RESULTS: windows.trades}
    for source, stream in examined.redis.streams.items():
        if stream.added is None or stream.added <= stream.length or stream.first is None:
            continue
        if stream.deleted and stream.deleted > BEFORE_ALL and stream.added < 2 * stream.length:
            # Some were deleted by name, which may be all that is missing.
            continue
        spans_s = (stream.last[0] - stream.first[0]) / 1000
        if stream.length < wanted[source]:
            what = f"holds {stream.length} entries, and {wanted[source]} are read of it"
        elif spans_s < SYNCS * interval_s:
            what = f"holds the entries of {spans_s:.3g} s, and is read at the latest every {interval_s:g} s"
        else:
            continue
        yield Finding(
            "trimmed_too_soon",
            Severity.WARNING,
            f"{examined.key(source)} {what}: let its producer keep more (XADD … MAXLEN ~ 100000)",
            examined.redis_cli("XINFO", "STREAM", examined.key(source)),
        )
