"""Figures of a table of trades that is too long to be held: as a whole, and by regime and policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.figures.breakdown import MAX_REGIMES, Breakdown, GroupPerformance
from strategic_memory_server.figures.performance import Performance
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.streamed.performance_scans import (
    FEW_TRADES,
    HeldPerformance,
    ScannedPerformance,
    performance_scans,
)
from strategic_memory_server.replay.trade_table import Trades, TradeTable

Group = tuple[int, int | None]
"""Regime and policy; None for all trades of the regime."""

Scans = HeldPerformance | ScannedPerformance
Told = Callable[[], None]


def scanned_figures(table: TradeTable, told: Told, few_trades: int = FEW_TRADES) -> tuple[Performance, Breakdown]:
    """Work out the figures of a table, as `figures.performance` and `figures.breakdown` do of columns.

    Args:
        table: the trades.
        told: called after each piece.
        few_trades: so many trades of a group are held.
    """
    counts = _counted(table, told)
    by_regime = counts.sum(axis=1)
    present = np.flatnonzero(by_regime)
    kept = np.sort(present[np.argsort(-by_regime[present], kind="stable")[:MAX_REGIMES]])
    whole = performance_scans(table.trades, table.now_ms, few_trades)
    groups: dict[Group, Scans] = {}
    for regime in kept.tolist():
        groups[regime, None] = performance_scans(int(by_regime[regime]), table.now_ms, few_trades)
        for policy in Policy:
            if trades := int(counts[regime, policy + 1]):
                groups[regime, int(policy)] = performance_scans(trades, table.now_ms, few_trades)
    _scan(table, whole, groups, told)
    found = tuple(
        GroupPerformance(regime, policy, scans.performance(), scans.drift())
        for (regime, policy), scans in groups.items()
    )
    return whole.performance(), Breakdown(found, int(present.size - kept.size))


def _counted(table: TradeTable, told: Told) -> IndexColumn:
    """Count the trades by regime and policy, none first."""
    columns = len(Policy) + 1
    counts = np.zeros(0, dtype=np.int64)
    for piece in table.pieces():
        found = np.bincount(piece.regime * columns + piece.policy + 1)
        if found.size > counts.size:
            counts = np.concatenate((counts, np.zeros(found.size - counts.size, dtype=np.int64)))
        counts[: found.size] += found
        told()
    return np.concatenate((counts, np.zeros(-counts.size % columns, dtype=np.int64))).reshape(-1, columns)


def _scan(table: TradeTable, whole: Scans, groups: dict[Group, Scans], told: Told) -> None:
    every = [whole, *groups.values()]
    while not all(scans.done for scans in every):
        for piece in table.pieces():
            whole.add(piece.pnl, piece.time_ms)
            for group, pnl, time_ms in _parts(piece):
                if group in groups:
                    groups[group].add(pnl, time_ms)
            told()
        for scans in every:
            scans.end_scan()


def _parts(piece: Trades) -> Iterator[tuple[Group, FloatColumn, IndexColumn]]:
    """Give the trades of each regime, and those of each policy in it, oldest first."""
    order = np.argsort(piece.regime, kind="stable")
    regimes = piece.regime[order]
    starts = np.flatnonzero(np.concatenate(([True], regimes[1:] != regimes[:-1])))
    for places in np.split(order, starts[1:]):
        regime, pnl, time_ms = int(piece.regime[places[0]]), piece.pnl[places], piece.time_ms[places]
        yield (regime, None), pnl, time_ms
        policy = piece.policy[places]
        for code in Policy:
            of_policy = policy == code
            yield (regime, int(code)), pnl[of_policy], time_ms[of_policy]
