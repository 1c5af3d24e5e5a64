"""The running totals of each of the three windows, and the totals of a whole memory at once.

Regimes are indices into their names, as in the columns of a memory.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import KeysView, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.memory.memory_totals import MemoryTotals, ObservedTotals, TradedTotals
from strategic_memory_server.memory.pnl_tallies import PnlTallies, PnlTotal, totals_by_group
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import PortfolioWindow, RegimeWindow, StrategicMemory, TradeWindow
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on

_POLICIES = len(Policy)


class ObservedTallies:
    """Running totals of regime observations. One without a pnl counts in none of them."""

    def __init__(self) -> None:
        self._pnl: PnlTallies[str] = PnlTallies()
        self._confidence: PnlTallies[str] = PnlTallies()
        self._without_pnl: Counter[str] = Counter()

    @property
    def regimes(self) -> AbstractSet[str]:
        """The regimes that have entries."""
        return self._pnl.totals.keys() | self._without_pnl.keys()

    @property
    def without_pnl(self) -> int:
        """Number of observations without a pnl."""
        return self._without_pnl.total()

    def totals(self) -> ObservedTotals:
        """The totals as they stand."""
        return ObservedTotals(self._pnl.totals.copy(), self._confidence.totals.copy())

    def add(self, window: RegimeWindow, names: Sequence[str]) -> None:
        """Add observations."""
        given = ~np.isnan(window.pnl)
        regime = window.regime[given]
        self._pnl.add_all(names.__getitem__, regime, window.pnl[given])
        self._confidence.add_all(names.__getitem__, regime, _known(window.confidence[given]))
        if regime.size < given.size:
            self._without_pnl.update(names[code] for code in window.regime[~given].tolist())

    def remove(self, window: RegimeWindow, names: Sequence[str]) -> None:
        """Take away observations that were added."""
        columns = (window.regime, window.pnl, _known(window.confidence))
        for code, pnl, confidence in zip(*(column.tolist() for column in columns), strict=True):
            if math.isnan(pnl):
                self._without_pnl[names[code]] -= 1
                if not self._without_pnl[names[code]]:
                    del self._without_pnl[names[code]]
                continue
            self._pnl.remove(names[code], pnl)
            self._confidence.remove(names[code], confidence)


class EarnedTallies:
    """Running totals of portfolio entries."""

    def __init__(self) -> None:
        self._pnl: PnlTallies[str] = PnlTallies()

    @property
    def regimes(self) -> KeysView[str]:
        """The regimes that have entries."""
        return self._pnl.totals.keys()

    def totals(self) -> dict[str, PnlTotal]:
        """The totals as they stand."""
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

    @property
    def regimes(self) -> KeysView[str]:
        """The regimes that have entries."""
        return self._pnl.totals.keys()

    def totals(self) -> TradedTotals:
        """The totals as they stand."""
        return TradedTotals(self._pnl.totals.copy(), self._by_policy.totals.copy())

    def add(self, window: TradeWindow, names: Sequence[str]) -> None:
        """Add trades."""
        # One more group for those without a policy, which is -1.
        group = window.regime * (_POLICIES + 1) + window.policy + 1
        for index, total in totals_by_group(group, window.pnl).items():
            regime, policy = divmod(index, _POLICIES + 1)
            self._pnl.add_total(names[regime], total)
            if policy:
                self._by_policy.add_total((names[regime], policy - 1), total)

    def remove(self, window: TradeWindow, names: Sequence[str]) -> None:
        """Take away trades that were added."""
        columns = (window.regime, window.pnl, window.policy)
        for code, pnl, policy in zip(*(column.tolist() for column in columns), strict=True):
            regime = names[code]
            self._pnl.remove(regime, pnl)
            if policy >= 0:
                self._by_policy.remove((regime, policy), pnl)


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
    observed.add(memory.regimes, memory.regime_names)
    checkpoint()
    earned.add(memory.portfolio, memory.regime_names)
    checkpoint()
    traded.add(memory.trades, memory.regime_names)
    return MemoryTotals(observed.totals(), earned.totals(), traded.totals())
