"""MemoryTotals: what the entries of a memory add up to, which is all that PatternAnalyzer needs to know of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strategic_memory_server.memory.pnl_tallies import PnlTotal


@dataclass(frozen=True, slots=True, eq=False)
class ObservedTotals:
    """Regime observations that have a pnl, by regime: their pnl, and their confidence (an absent one as 0)."""

    pnl: Mapping[str, PnlTotal] = field(default_factory=dict)
    confidence: Mapping[str, PnlTotal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class TradedTotals:
    """Trade results by regime, and by regime and policy."""

    pnl: Mapping[str, PnlTotal] = field(default_factory=dict)
    by_policy: Mapping[tuple[str, int], PnlTotal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class MemoryTotals:
    """Totals of the three windows; `earned` are the portfolio entries by regime."""

    observed: ObservedTotals = field(default_factory=ObservedTotals)
    earned: Mapping[str, PnlTotal] = field(default_factory=dict)
    traded: TradedTotals = field(default_factory=TradedTotals)
