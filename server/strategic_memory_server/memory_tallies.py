"""The running totals of each of the three windows, and the totals of a whole memory at once.

Regimes and strategies are indices into their names, as in the columns of a memory.
"""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Sequence

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.checkpoint import Checkpoint, go_on
from strategic_memory_server.columns import FloatColumn
from strategic_memory_server.memory import PortfolioWindow, RegimeWindow, StrategicMemory, TradeWindow
from strategic_memory_server.memory_totals import MemoryTotals, ObservedTotals, TradedTotals
from strategic_memory_server.policy import Policy
from strategic_memory_server.regime_runs import RunTally
from strategic_memory_server.tallies import PnlTallies, PnlTotal

_POLICIES = len(Policy)


class ObservedTallies:
    """Running totals of regime observations."""

    def __init__(self) -> None:
        self._pnl: PnlTallies[str] = PnlTallies()
        self._confidence: PnlTallies[str] = PnlTallies()
        self._runs = RunTally()

    @property
    def regimes(self) -> KeysView[str]:
        """The regimes that have entries."""
        return self._pnl.totals.keys()

    def totals(self) -> ObservedTotals:
        """Give the totals as they stand."""
        return ObservedTotals(self._pnl.totals.copy(), self._confidence.totals.copy(), self._runs.totals())

    def add(self, window: RegimeWindow, names: Sequence[str], checkpoint: Checkpoint = go_on) -> None:
        """Add observations that are not older than those before, oldest first. It calls `checkpoint` now and then."""
        self._pnl.add_all(names.__getitem__, window.regime, window.pnl)
        self._confidence.add_all(names.__getitem__, window.regime, _known(window.confidence))
        self._runs.add_all(names, window.regime, window.time_ms, checkpoint)

    def remove_oldest(self, window: RegimeWindow, count: int, names: Sequence[str]) -> None:
        """Take away the oldest observations of the window, so many of them, but not all."""
        regimes = [names[code] for code in window.regime[: count + 1].tolist()]
        times_ms = window.time_ms[: count + 1].tolist()
        pnl = window.pnl[:count].tolist()
        confidences = _known(window.confidence[:count]).tolist()
        for at in range(count):
            self._pnl.remove(regimes[at], pnl[at])
            self._confidence.remove(regimes[at], confidences[at])
            self._runs.remove_oldest(times_ms[at], regimes[at + 1], times_ms[at + 1])


class EarnedTallies:
    """Running totals of portfolio entries."""

    def __init__(self) -> None:
        self._pnl: PnlTallies[str] = PnlTallies()

    @property
    def regimes(self) -> KeysView[str]:
        """The regimes that have entries."""
        return self._pnl.totals.keys()

    def totals(self) -> dict[str, PnlTotal]:
        """Give the totals as they stand."""
        return self._pnl.totals.copy()

    def add(self, window: PortfolioWindow, names: Sequence[str]) -> None:
        """Add entries."""
        self._pnl.add_all(names.__getitem__, window.regime, window.pnl)

    def remove(self, window: PortfolioWindow, names: Sequence[str]) -> None:
        """Take away entries that were added."""
        for code, pnl in zip(window.regime.tolist(), window.pnl.tolist(), strict=True):
            self._pnl.remove(names[code], pnl)


class TradedTallies:
    """Running totals of trade results."""

    def __init__(self) -> None:
        self._pnl: PnlTallies[str] = PnlTallies()
        self._by_policy: PnlTallies[tuple[str, int]] = PnlTallies()
        self._by_strategy: PnlTallies[tuple[str, str]] = PnlTallies()

    @property
    def regimes(self) -> KeysView[str]:
        """The regimes that have entries."""
        return self._pnl.totals.keys()

    @property
    def strategies(self) -> Iterator[str]:
        """The strategies that have entries, each as often as there are regimes in which it has."""
        return (strategy for _, strategy in self._by_strategy.totals)

    def totals(self) -> TradedTotals:
        """Give the totals as they stand."""
        return TradedTotals(self._pnl.totals.copy(), self._by_policy.totals.copy(), self._by_strategy.totals.copy())

    def add(self, window: TradeWindow, names: Sequence[str], strategies: Sequence[str]) -> None:
        """Add trades."""
        self._pnl.add_all(names.__getitem__, window.regime, window.pnl)

        def policy_key(group: int) -> tuple[str, int]:
            regime, policy = divmod(group, _POLICIES)
            return names[regime], policy

        def strategy_key(group: int) -> tuple[str, str]:
            regime, strategy = divmod(group, len(strategies))
            return names[regime], strategies[strategy]

        given = window.policy >= 0
        group = window.regime[given] * _POLICIES + window.policy[given]
        self._by_policy.add_all(policy_key, group, window.pnl[given])
        given = window.strategy >= 0
        group = window.regime[given] * len(strategies) + window.strategy[given]
        self._by_strategy.add_all(strategy_key, group, window.pnl[given])

    def remove(self, window: TradeWindow, names: Sequence[str], strategies: Sequence[str]) -> None:
        """Take away trades that were added."""
        columns = (window.regime, window.pnl, window.policy, window.strategy)
        for code, pnl, policy, strategy in zip(*(column.tolist() for column in columns), strict=True):
            regime = names[code]
            self._pnl.remove(regime, pnl)
            if policy >= 0:
                self._by_policy.remove((regime, policy), pnl)
            if strategy >= 0:
                self._by_strategy.remove((regime, strategies[strategy]), pnl)


def _known(confidences: FloatColumn) -> FloatColumn:
    """Take a confidence that is absent, or not from 0 to 1, for 0."""
    return np.where((confidences >= 0.0) & (confidences <= 1.0), confidences, 0.0)


def out_of_range(confidences: FloatColumn) -> NDArray[np.bool_]:
    """Tell which confidences are given and not from 0 to 1."""
    outside: NDArray[np.bool_] = (confidences < 0.0) | (confidences > 1.0)
    return outside


def totals_of(memory: StrategicMemory, checkpoint: Checkpoint = go_on) -> MemoryTotals:
    """Add up a whole memory. It calls `checkpoint` now and then."""
    observed, earned, traded = ObservedTallies(), EarnedTallies(), TradedTallies()
    observed.add(memory.regimes, memory.regime_names, checkpoint)
    checkpoint()
    earned.add(memory.portfolio, memory.regime_names)
    checkpoint()
    traded.add(memory.trades, memory.regime_names, memory.strategy_names)
    return MemoryTotals(observed.totals(), earned.totals(), traded.totals())
