"""Figures of the trades by regime, and by regime and policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.columns.distinct import distinct
from strategic_memory_server.figures.checks import check_length
from strategic_memory_server.figures.drift import Drift, recent_drift
from strategic_memory_server.figures.performance import Performance, check_columns, performance
from strategic_memory_server.waiting.checkpoint import Checkpoint, go_on

MAX_REGIMES = 64
"""Most regimes that figures are given for: names come from other programs, and each costs time."""

RECENT_TRADES = 50


@dataclass(frozen=True, slots=True)
class GroupPerformance:
    """Figures of one group.

    Attributes:
        regime: its code.
        policy: code of its policy; None for all trades of the regime, those without a policy too.
        performance: figures of its trades.
        drift: the newest trades of the group against those before.
    """

    regime: int
    policy: int | None
    performance: Performance
    drift: Drift


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Figures of all groups that traded.

    Attributes:
        groups: by regime and then policy, each regime as a whole first.
        regimes_left_out: regimes with fewer trades than any of those given, beyond the most that are.
    """

    groups: tuple[GroupPerformance, ...]
    regimes_left_out: int


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    pnl: FloatColumn
    policy: IndexColumn
    time_ms: IndexColumn | None
    weights: FloatColumn | None

    def at(self, places: IndexColumn) -> _Columns:
        return _Columns(
            self.pnl[places],
            self.policy[places],
            None if self.time_ms is None else self.time_ms[places],
            None if self.weights is None else self.weights[places],
        )


def breakdown(
    pnl: FloatColumn,
    regime: IndexColumn,
    policy: IndexColumn,
    *,
    time_ms: IndexColumn | None = None,
    now_ms: int | None = None,
    weights: FloatColumn | None = None,
    recent_trades: int = RECENT_TRADES,
    max_regimes: int = MAX_REGIMES,
    checkpoint: Checkpoint = go_on,
) -> Breakdown:
    """Work out the figures of every group.

    Args:
        pnl: realised pnl of each trade, oldest first.
        regime: code of its regime.
        policy: code of its policy, negative for none.
        time_ms: its time, milliseconds since 1970-01-01 UTC; None where times are not known.
        now_ms: the present, in the same unit; None where it does not matter.
        weights: its weight; None for no weights.
        recent_trades: how many of the newest trades of a group are recent, for its drift.
        max_regimes: most regimes to give figures for: those with the most trades.
        checkpoint: called now and then.

    Raises:
        ValueError: a column holds what it may not, or is not as long as `pnl`; the message names it.
    """
    check_columns(pnl, time_ms, weights)
    check_length("regime", regime, pnl.size)
    check_length("policy", policy, pnl.size)
    regimes = distinct(regime)
    kept = np.sort(np.argsort(-regimes.counts, kind="stable")[:max_regimes])
    members = regimes.members()
    trades = _Columns(pnl, policy, time_ms, weights)
    groups = []
    for place in kept.tolist():
        code, of_regime = int(regimes.found[place]), trades.at(members[place])
        for policy_code, group in _with_parts(of_regime):
            figures = performance(
                group.pnl, time_ms=group.time_ms, now_ms=now_ms, weights=group.weights, checkpoint=checkpoint
            )
            groups.append(GroupPerformance(code, policy_code, figures, recent_drift(group.pnl, recent_trades)))
    return Breakdown(tuple(groups), regimes.found.size - kept.size)


def _with_parts(of_regime: _Columns) -> Iterator[tuple[int | None, _Columns]]:
    """All trades of a regime, then those of each policy."""
    yield None, of_regime
    for code in distinct(of_regime.policy[of_regime.policy >= 0]).found.tolist():
        yield code, of_regime.at(np.flatnonzero(of_regime.policy == code))
