"""RegimeDetails: what an analysis tells of the windows beyond what advice is made of. Pure; no sync works it out.

A run begins with the first observation, and with each that follows another regime; it lasts until the next one begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.analysis.analysis import TradeFigures, trade_figures
from strategic_memory_server.columns.distinct import distinct
from strategic_memory_server.memory.pnl_tallies import PnlTallies
from strategic_memory_server.memory.strategic_memory import RegimeWindow, StrategicMemory
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on


@dataclass(frozen=True, slots=True)
class Transition:
    """How often `to_regime` followed `from_regime` between neighbouring observations; they may be the same."""

    from_regime: str
    to_regime: str
    count: int


@dataclass(frozen=True, slots=True)
class RegimeRuns:
    """Unbroken runs of one regime among the observations.

    Attributes:
        episodes: how many there are.
        mean_observations: mean length of those that have ended, in observations; None when none has.
        mean_seconds: mean time from the start of such a run to the start of the next one; None when none has ended,
            or when times are not known.
    """

    episodes: int
    mean_observations: float | None
    mean_seconds: float | None


@dataclass(frozen=True, slots=True)
class RegimeDetails:
    """Details of one memory.

    Attributes:
        transitions: counts, by name.
        runs: runs of each regime that was observed.
        strategies: figures by strategy, by name, of each regime in which a trade names one.
    """

    transitions: tuple[Transition, ...]
    runs: Mapping[str, RegimeRuns]
    strategies: Mapping[str, tuple[tuple[str, TradeFigures], ...]]


def regime_details(memory: StrategicMemory, checkpoint: Checkpoint = go_on) -> RegimeDetails:
    """Work out the details of a memory. It calls `checkpoint` now and then."""
    names = memory.regime_names
    return RegimeDetails(
        transitions=_transitions(memory.regimes, names, checkpoint),
        runs=_runs(memory.regimes, names, timed=memory.timed),
        strategies=_strategies(memory, checkpoint),
    )


def _transitions(window: RegimeWindow, names: tuple[str, ...], checkpoint: Checkpoint) -> tuple[Transition, ...]:
    pairs = distinct(window.regime[:-1] * len(names) + window.regime[1:])
    found = []
    for pair, count in zip(pairs.found.tolist(), pairs.counts.tolist(), strict=True):
        # There can be nearly as many pairs as observations.
        checkpoint()
        before, after = divmod(pair, len(names))
        found.append(Transition(names[before], names[after], count))
    return tuple(sorted(found, key=lambda each: (each.from_regime, each.to_regime)))


def _runs(window: RegimeWindow, names: tuple[str, ...], *, timed: bool) -> dict[str, RegimeRuns]:
    regime = window.regime
    if not regime.size:
        return {}
    starts = np.concatenate(([0], np.flatnonzero(regime[1:] != regime[:-1]) + 1))
    begun = regime[starts]
    ended, (episodes, ends, observations, lasted_ms) = begun[:-1], np.zeros((4, len(names)), dtype=np.int64)
    np.add.at(episodes, begun, 1)
    np.add.at(ends, ended, 1)
    np.add.at(observations, ended, np.diff(starts))
    np.add.at(lasted_ms, ended, np.diff(window.time_ms[starts]))
    runs = {}
    for code in np.flatnonzero(episodes).tolist():
        many = int(ends[code])
        runs[names[code]] = RegimeRuns(
            episodes=int(episodes[code]),
            mean_observations=int(observations[code]) / many if many else None,
            mean_seconds=int(lasted_ms[code]) / many / 1000 if many and timed else None,
        )
    return runs


def _strategies(memory: StrategicMemory, checkpoint: Checkpoint) -> dict[str, tuple[tuple[str, TradeFigures], ...]]:
    trades, strategies = memory.trades, memory.strategy_names

    def key_of(group: int) -> tuple[str, str]:
        regime, strategy = divmod(group, len(strategies))
        return memory.regime_names[regime], strategies[strategy]

    named = trades.strategy >= 0
    tallies: PnlTallies[tuple[str, str]] = PnlTallies()
    tallies.add_all(key_of, trades.regime[named] * len(strategies) + trades.strategy[named], trades.pnl[named])
    found: dict[str, list[tuple[str, TradeFigures]]] = {}
    for (regime, strategy), total in sorted(tallies.totals.items()):
        checkpoint()
        found.setdefault(regime, []).append((strategy, trade_figures(total)))
    return {regime: tuple(figures) for regime, figures in found.items()}
