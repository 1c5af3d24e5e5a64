"""PatternAnalyzer: which regime paid, which policy paid in it, and how regimes follow each other.

Pure: the same memory gives the same bytes. Sums of pnl are correctly rounded (`math.fsum`), so they depend neither on
the order of the entries nor on how they were gathered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.analysis import Analysis, RegimeFigures, TradeFigures, Transition
from strategic_memory_server.memory import (
    UNKNOWN_REGIME,
    FloatColumn,
    IndexColumn,
    RegimeWindow,
    StrategicMemory,
    TradeWindow,
)
from strategic_memory_server.policy import Policy
from strategic_memory_server.regime_runs import RunFigures, by_code, count_transitions, run_figures
from strategic_memory_server.stream_position import time_ms_of

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the entries of one regime are in the three windows."""

    observed: Places
    earned: Places
    traded: Places


class PatternAnalyzer:
    """Works out the figures of a memory.

    Args:
        minimum_policy_trades: trades a policy needs in a regime before it can be named the best one there.
    """

    def __init__(self, minimum_policy_trades: int = 3) -> None:
        self._minimum_policy_trades = minimum_policy_trades

    def analyze(self, memory: StrategicMemory) -> Analysis:
        """Work out everything from one memory."""
        names = memory.regime_names
        columns = (memory.regimes.regime, memory.portfolio.regime, memory.trades.regime)
        places = zip(*(by_code(column, len(names)) for column in columns), strict=True)
        runs = run_figures(memory.regimes, len(names), timed=memory.timed)
        regimes = [
            self._regime_figures(memory, name, _Places(*of_regime), runs_of_regime)
            for name, of_regime, runs_of_regime in zip(names, places, runs, strict=True)
            if any(column.size for column in of_regime)
        ]
        regimes.sort(key=lambda figures: (-figures.avg_pnl, -figures.sample_count, figures.regime))
        return Analysis(
            regimes=tuple(regimes),
            current_regime=names[memory.regimes.regime[-1]] if memory.regimes.regime.size else UNKNOWN_REGIME,
            transitions=_transitions(memory.regimes, names),
            sample_count=memory.sample_count,
            data_as_of_ms=_newest_time_ms(memory),
            max_leverage_hint=memory.context.max_leverage_hint,
        )

    def _regime_figures(self, memory: StrategicMemory, name: str, places: _Places, runs: RunFigures) -> RegimeFigures:
        observed_pnl = memory.regimes.pnl[places.observed]
        earned_pnl = memory.portfolio.pnl[places.earned]
        traded_pnl = memory.trades.pnl[places.traded]
        policies = _by_policy(memory.trades, places.traded)
        return RegimeFigures(
            regime=name,
            sample_count=observed_pnl.size + earned_pnl.size + traded_pnl.size,
            total_pnl=math.fsum([*observed_pnl.tolist(), *earned_pnl.tolist(), *traded_pnl.tolist()]),
            wins=_count(observed_pnl > 0) + _count(traded_pnl > 0),
            losses=_count(observed_pnl < 0) + _count(traded_pnl < 0),
            confidence=_mean_confidence(memory.regimes.confidence[places.observed]),
            best_policy=self._best_policy(policies),
            policies=policies,
            strategies=_by_strategy(memory.trades, places.traded, memory.strategy_names),
            episodes=runs.episodes,
            mean_dwell_observations=runs.mean_observations,
            mean_dwell_seconds=runs.mean_seconds,
        )

    def _best_policy(self, policies: tuple[tuple[Policy, TradeFigures], ...]) -> Policy | None:
        """Name the policy that paid best; of two that paid the same, the one that risks less."""
        enough = [
            (figures.avg_pnl, -policy) for policy, figures in policies if figures.trades >= self._minimum_policy_trades
        ]
        return Policy(-max(enough)[1]) if enough else None


def _count(mask: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(mask))


def _mean_confidence(confidence: FloatColumn) -> float | None:
    """Mean of the confidences, an absent one (NaN) counting as 0."""
    if not confidence.size:
        return None
    return math.fsum(value for value in confidence.tolist() if not math.isnan(value)) / confidence.size


def _trade_figures(pnl: Sequence[float]) -> TradeFigures:
    return TradeFigures(
        trades=len(pnl),
        avg_pnl=math.fsum(pnl) / len(pnl),
        wins=sum(value > 0 for value in pnl),
        losses=sum(value < 0 for value in pnl),
    )


def _by_policy(trades: TradeWindow, chosen: Places) -> tuple[tuple[Policy, TradeFigures], ...]:
    return tuple((Policy(code), figures) for code, figures in _by_group(trades.pnl[chosen], trades.policy[chosen]))


def _by_strategy(trades: TradeWindow, chosen: Places, names: tuple[str, ...]) -> tuple[tuple[str, TradeFigures], ...]:
    groups = _by_group(trades.pnl[chosen], trades.strategy[chosen])
    return tuple(sorted(((names[code], figures) for code, figures in groups), key=lambda named: named[0]))


def _by_group(pnl: FloatColumn, codes: IndexColumn) -> list[tuple[int, TradeFigures]]:
    """Give the figures by code, for the codes that occur, ascending, without the absent one (-1)."""
    groups: dict[int, list[float]] = {}
    for code, value in zip(codes.tolist(), pnl.tolist(), strict=True):
        if code >= 0:
            groups.setdefault(code, []).append(value)
    return [(code, _trade_figures(groups[code])) for code in sorted(groups)]


def _transitions(regimes: RegimeWindow, names: tuple[str, ...]) -> tuple[Transition, ...]:
    counted = count_transitions(regimes.regime, len(names))
    found = [Transition(names[before], names[after], count) for before, after, count in counted]
    return tuple(sorted(found, key=lambda transition: (transition.from_regime, transition.to_regime)))


def _newest_time_ms(memory: StrategicMemory) -> int | None:
    if not memory.timed:
        return None
    newest = [
        int(column[-1])
        for column in (memory.regimes.position, memory.portfolio.position, memory.trades.position)
        if column.size
    ]
    return time_ms_of(max(newest)) if newest else None
