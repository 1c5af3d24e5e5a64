"""PatternAnalyzer: which regime paid, and which policy paid in it.

Pure: the same memory gives the same bytes. It works from the totals of a memory, so where the loader has kept them a
long window takes no longer than a short one. Sums of pnl are correctly rounded (as by `math.fsum`), so they depend
neither on the order of the entries nor on how they were gathered.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from strategic_memory_server.analysis.analysis import Analysis, RegimeFigures, TradeFigures, mean_of, trade_figures
from strategic_memory_server.columns.exact_sum import rounded
from strategic_memory_server.entries.openings import EARLIEST_MS
from strategic_memory_server.memory.memory_tallies import totals_of
from strategic_memory_server.memory.memory_totals import MemoryTotals
from strategic_memory_server.memory.pnl_tallies import NOTHING
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import CLOCK_TOLERANCE_MS, StrategicMemory
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on

PolicyFigures = list[tuple[Policy, TradeFigures]]


class PatternAnalyzer:
    """Works out the figures of a memory.

    Args:
        minimum_policy_trades: trades a policy needs in a regime before it can be named the best one there.
    """

    def __init__(self, minimum_policy_trades: int = 3) -> None:
        self._minimum_policy_trades = minimum_policy_trades

    def analyze(self, memory: StrategicMemory, checkpoint: Checkpoint = go_on) -> Analysis:
        """Work out everything from one memory. It calls `checkpoint` now and then."""
        totals = memory.totals or totals_of(memory, checkpoint)
        checkpoint()
        policies = _by_policy(totals)
        regimes = [
            self._regime_figures(name, totals, tuple(policies.get(name, ())))
            for name in {**totals.observed.pnl, **totals.earned, **totals.traded.pnl}
        ]
        checkpoint()
        regimes.sort(key=lambda figures: (-figures.avg_pnl, -figures.sample_count, figures.regime))
        return Analysis(
            regimes=tuple(regimes),
            current_regime=memory.current_regime,
            sample_count=memory.sample_count,
            data_as_of_ms=_newest_time_ms(memory),
            leverage_caps=memory.context.leverage_caps,
        )

    def _regime_figures(
        self, name: str, totals: MemoryTotals, policies: tuple[tuple[Policy, TradeFigures], ...]
    ) -> RegimeFigures:
        observed = totals.observed.pnl.get(name, NOTHING)
        earned = totals.earned.get(name, NOTHING)
        traded = totals.traded.pnl.get(name, NOTHING)
        return RegimeFigures(
            regime=name,
            sample_count=observed.entries + earned.entries + traded.entries,
            total_pnl=rounded(observed.units + earned.units + traded.units),
            wins=observed.wins + traded.wins,
            losses=observed.losses + traded.losses,
            confidence=mean_of(totals.observed.confidence[name]) if observed.entries else None,
            best_policy=self._best_policy(policies),
            policies=policies,
        )

    def _best_policy(self, policies: tuple[tuple[Policy, TradeFigures], ...]) -> Policy | None:
        """Name the policy that paid best; of two that paid the same, the one that risks less."""
        enough = [
            (figures.avg_pnl, -policy) for policy, figures in policies if figures.trades >= self._minimum_policy_trades
        ]
        return Policy(-max(enough)[1]) if enough else None


def _by_policy(totals: MemoryTotals) -> Mapping[str, PolicyFigures]:
    """The figures by policy of each regime, in the order of risk."""
    found: dict[str, PolicyFigures] = {}
    for (regime, policy), total in sorted(totals.traded.by_policy.items()):
        found.setdefault(regime, []).append((Policy(policy), trade_figures(total)))
    return found


def _newest_time_ms(memory: StrategicMemory) -> int | None:
    """The newest of the times that are times, never later than the clock by which they are judged."""
    columns = (memory.regimes.time_ms, memory.portfolio.time_ms, memory.trades.time_ms)
    clock_ms = memory.clock_ms
    if clock_ms is None:
        newest = [int(column[-1]) for column in columns if column.size and memory.timed]
        return max(newest, default=None)
    ends = (np.searchsorted(column, clock_ms + CLOCK_TOLERANCE_MS, side="right") for column in columns)
    newest = [int(column[end - 1]) for column, end in zip(columns, ends, strict=True) if end]
    newest_ms = min(max(newest, default=0), clock_ms)
    return newest_ms if newest_ms >= EARLIEST_MS else None
