"""A pnl that is always the same, or never a loss: what was written is not what was earned."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.doctor.examined import Examined
from strategic_memory_server.doctor.finding import Finding, Severity
from strategic_memory_server.entries.input_keys import META_REGIME, PORTFOLIO_MEMORY, TRADE_RESULTS

FEWEST_EQUAL = 8
"""So many equal results are no chance."""

FEWEST_WON = 20
"""So many results without one loss are no chance: of those that win three times in four, three in a thousand."""


def check(examined: Examined) -> Iterator[Finding]:
    """Look at the pnl of each window."""
    memory = examined.redis.memory
    columns = {
        TRADE_RESULTS: memory.trades.pnl,
        META_REGIME: memory.regimes.pnl,
        PORTFOLIO_MEMORY: memory.portfolio.pnl,
    }
    for source, column in columns.items():
        pnl = column[column == column]
        if pnl.size >= FEWEST_EQUAL and pnl.min() == pnl.max():
            what = f"the newest {pnl.size} entries of {examined.key(source)} all have the pnl {pnl[0]:g}"
        elif pnl.size >= FEWEST_WON and pnl.min() > 0:
            what = f"none of the newest {pnl.size} entries of {examined.key(source)} lost anything"
        else:
            continue
        advice = "See that the producer writes what was earned, with its sign, and not a price, a size or a placeholder"
        yield Finding("odd_pnl", Severity.WARNING, f"{what}. {advice}", examined.newest(source))
