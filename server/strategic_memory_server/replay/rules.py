"""The rules that a replay compares, and what each would have earned."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns import FloatColumn, IndexColumn
from strategic_memory_server.policy import Policy
from strategic_memory_server.replay.course import Course
from strategic_memory_server.replay.entry_columns import Kind
from strategic_memory_server.replay.record import Record


class Rule(enum.StrEnum):
    """Who chooses the policy."""

    REFERENCE = "reference"
    EVIDENCE = "evidence"
    CONSERVATIVE = "conservative"
    BALANCED = "balanced"
    AGGRESSIVE = "aggressive"
    ORACLE = "oracle"


FIXED: Mapping[Rule, Policy] = {
    Rule.CONSERVATIVE: Policy.CONSERVATIVE,
    Rule.BALANCED: Policy.BALANCED,
    Rule.AGGRESSIVE: Policy.AGGRESSIVE,
}
"""Rules that always choose the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The trades that rules are compared over: those that say what each policy would have earned.

    Attributes:
        places: their places in the record.
        time_ms: their times.
        regime: index of the regime of each.
        pnl: what each policy would have earned, shape (trades, 3).
    """

    places: IndexColumn
    time_ms: IndexColumn
    regime: IndexColumn
    pnl: FloatColumn

    def earned(self, policy: IndexColumn) -> FloatColumn:
        """Give what a choice of policies would have earned."""
        return self.pnl[np.arange(policy.size), policy]


def compared_trades(record: Record) -> Compared:
    """Find the trades that say what all three policies would have earned."""
    entries = record.entries
    places = np.flatnonzero((entries.kind == Kind.TRADE) & np.isfinite(entries.policy_pnl).all(axis=1))
    regime = entries.regime[places].astype(np.int64)
    return Compared(places, entries.time_ms[places], regime, entries.policy_pnl[places])


def chosen(rule: Rule, trades: Compared, courses: Mapping[Rule, Course]) -> IndexColumn:
    """Give the policy that a rule chooses for each trade, from what was known before it (but for the oracle)."""
    if rule in FIXED:
        return np.full(trades.places.size, FIXED[rule], dtype=np.int64)
    if rule is Rule.ORACLE:
        return _best_by_regime(trades)
    course = courses[rule]
    return course.policy[course.in_force(trades.places)].astype(np.int64)


def best_fixed(trades: Compared, rules: Iterable[Rule]) -> Rule | None:
    """Name the fixed policy that earned most, with hindsight; of several the one that risks least."""
    fixed: Sequence[Rule] = [rule for rule in FIXED if rule in set(rules)]
    if not fixed or not trades.places.size:
        return None
    means = trades.pnl.mean(axis=0)
    return max(fixed, key=lambda rule: (float(means[FIXED[rule]]), -FIXED[rule]))


def _best_by_regime(trades: Compared) -> IndexColumn:
    policy = np.zeros(trades.places.size, dtype=np.int64)
    for regime in np.unique(trades.regime):
        within = trades.regime == regime
        policy[within] = int(np.argmax(trades.pnl[within].mean(axis=0)))
    return policy
