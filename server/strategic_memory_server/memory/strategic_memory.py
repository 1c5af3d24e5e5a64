"""StrategicMemory: what was read, as immutable columns, before anything is worked out from it.

Every window holds its entries oldest first. Text is dictionary-coded: a regime column holds indices into
`StrategicMemory.regime_names`, a strategy column indices into `strategy_names`. A number that was not given
is NaN, a policy or strategy that was not given is -1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.memory.json_types import JsonObject
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCaps
from strategic_memory_server.memory.memory_totals import MemoryTotals
from strategic_memory_server.memory.policy import Policy

UNKNOWN_REGIME = "UNKNOWN"
"""Regime of an entry for which none was given or observed."""

OTHER_REGIME = "OTHER"
"""Regime of the entries of all regimes that are not kept apart: a mixture, of which nothing can be advised."""

NEVER_PREFERRED = frozenset({UNKNOWN_REGIME, OTHER_REGIME})
"""Names that are no market regime."""

CLOCK_TOLERANCE_MS = 60_000
"""So much later than the clock of Redis may a time be: the clocks of producers differ."""


@dataclass(frozen=True, slots=True, eq=False)
class RegimeWindow:
    """Regime observations; a pnl that was not given is NaN.

    `time_ms` are milliseconds since 1970-01-01 UTC, here and below; they never decrease.
    """

    regime: IndexColumn
    pnl: FloatColumn
    volatility: FloatColumn
    trend: FloatColumn
    confidence: FloatColumn
    time_ms: IndexColumn


@dataclass(frozen=True, slots=True, eq=False)
class PortfolioWindow:
    """Portfolio entries: what the portfolio earned; `opened_ms` is their time, where the opening is not known."""

    regime: IndexColumn
    pnl: FloatColumn
    time_ms: IndexColumn
    opened_ms: IndexColumn


@dataclass(frozen=True, slots=True, eq=False)
class TradeWindow:
    """Trade results: `pnl` is the realised pnl, `policy` a value of `Policy` or -1.

    `time_ms` is the close, when the result is known; `opened_ms` the opening, where that is known, else the close.
    """

    regime: IndexColumn
    pnl: FloatColumn
    policy: IndexColumn
    strategy: IndexColumn
    time_ms: IndexColumn
    opened_ms: IndexColumn


@dataclass(frozen=True, slots=True)
class Context:
    """What other modules have written beside the streams. `None`: not given, or rejected. Caps: those in force."""

    governance_policy: Policy | None = None
    governance_preferred_regime: str | None = None
    regime_stats: JsonObject | None = None
    exposure_summary: JsonObject | None = None
    leverage_limits: JsonObject | None = None
    exit_statistics: JsonObject | None = None
    leverage_caps: LeverageCaps = NO_CAPS


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source contributed: entries used, and counts of those rejected or worth a note, by reason.

    `examples` has one for some of these: text of the producer, printable and cut. `refused_last` is the number of
    newest entries that were rejected one after the other.
    """

    source: str
    accepted: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    noted: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    refused_last: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class StrategicMemory:
    """One consistent reading of all sources.

    Attributes:
        timed: whether all the times are times; without it they only give the order.
        clock_ms: when it was read by the clock of Redis, milliseconds since 1970-01-01 UTC: what is later than that by
            more than CLOCK_TOLERANCE_MS is no time; None: nobody knows.
        sources: one report for each source that was read.
        totals: what the windows add up to, where that is known already.
        others: number of regimes that are not kept apart, and are OTHER in the columns.
    """

    regime_names: tuple[str, ...]
    strategy_names: tuple[str, ...]
    regimes: RegimeWindow
    portfolio: PortfolioWindow
    trades: TradeWindow
    context: Context = field(default_factory=Context)
    sources: tuple[SourceReport, ...] = ()
    timed: bool = True
    clock_ms: int | None = None
    totals: MemoryTotals | None = None
    others: int = 0

    @property
    def sample_count(self) -> int:
        """Number of entries in the three windows together; an observation without a pnl is none."""
        if self.totals is None:
            observed = int(np.count_nonzero(~np.isnan(self.regimes.pnl)))
        else:
            observed = sum(total.entries for total in self.totals.observed.pnl.values())
        return observed + self.portfolio.pnl.size + self.trades.pnl.size

    @property
    def current_regime(self) -> str:
        """Regime of the newest observation; "UNKNOWN" without one."""
        return self.regime_names[self.regimes.regime[-1]] if self.regimes.regime.size else UNKNOWN_REGIME
