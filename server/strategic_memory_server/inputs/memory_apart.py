"""A memory in which a bounded number of regimes are kept apart: those that were used last. The others are OTHER.

Pure. What is kept depends on the entries of the memory alone: the regime of the newest observation, which is the
present one, and those with the newest entry in any of the three windows; of two with the same, the first by name.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.entries.notes import COUNTED_AS_OTHER
from strategic_memory_server.memory.strategic_memory import OTHER_REGIME, SourceReport, StrategicMemory
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on

_NEVER = np.iinfo(np.int64).min
_NOW = np.iinfo(np.int64).max


def with_regimes_apart(memory: StrategicMemory, most: int, checkpoint: Checkpoint = go_on) -> StrategicMemory:
    """Return a memory with at most so many regimes apart from OTHER; the same one where they are no more."""
    names = memory.regime_names
    if len(names) <= most:
        return memory
    used = _last_use(memory)
    checkpoint()
    candidates = [code for code in np.flatnonzero(used != _NEVER).tolist() if names[code] != OTHER_REGIME]
    if len(candidates) <= most:
        return memory
    kept = heapq.nsmallest(most, candidates, key=lambda code: (-int(used[code]), names[code]))
    checkpoint()
    codes = np.full(len(names), len(kept), dtype=np.int64)
    codes[kept] = np.arange(len(kept))
    found = _recoded(memory, codes, (*(names[code] for code in kept), OTHER_REGIME))
    return replace(found, others=len(candidates) - most)


def _last_use(memory: StrategicMemory) -> IndexColumn:
    """Return the time of the newest entry of each regime; the present one is in use now."""
    used = np.full(len(memory.regime_names), _NEVER, dtype=np.int64)
    for window in (memory.regimes, memory.portfolio, memory.trades):
        np.maximum.at(used, window.regime, window.time_ms)
    if memory.regimes.regime.size:
        used[memory.regimes.regime[-1]] = _NOW
    return used


def _recoded(memory: StrategicMemory, codes: IndexColumn, names: tuple[str, ...]) -> StrategicMemory:
    regimes = replace(memory.regimes, regime=codes[memory.regimes.regime])
    portfolio = replace(memory.portfolio, regime=codes[memory.portfolio.regime])
    trades = replace(memory.trades, regime=codes[memory.trades.regime])
    other = len(names) - 1
    counted = {
        keys.META_REGIME: int(np.count_nonzero(regimes.regime == other)),
        keys.PORTFOLIO_MEMORY: int(np.count_nonzero(portfolio.regime == other)),
        keys.TRADE_RESULTS: int(np.count_nonzero(trades.regime == other)),
    }
    return replace(
        memory,
        regime_names=names,
        regimes=regimes,
        portfolio=portfolio,
        trades=trades,
        sources=tuple(_noted(report, counted) for report in memory.sources),
        totals=None,
    )


def _noted(report: SourceReport, counted: Mapping[str, int]) -> SourceReport:
    count = counted.get(report.source, 0)
    return replace(report, noted={**report.noted, COUNTED_AS_OTHER: count}) if count else report
