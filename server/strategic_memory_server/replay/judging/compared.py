"""The trades that rules are compared over: those that say what each policy would have earned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.advice.drawdown_guard import ClosedTrades
from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.courses.course import Course
from strategic_memory_server.replay.courses.guard_course import guard_factors
from strategic_memory_server.replay.courses.rules import FIXED, OF_GUARDED, Rule
from strategic_memory_server.replay.judging.trades import Trades
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Record

POLICIES = len(Policy)


class Compared:
    """What each rule chose for each trade that says what each policy would have earned, and earned with it.

    Args:
        record: what happened.
        rules: the rules to compare; none of them is where no trade says that.
        courses: what those that learn have advised.

    Attributes:
        places: places of the trades in the record.
        policy_pnl: what each policy would have earned with each trade, shape (trades, policies).
        mean_pnl: what each policy would have earned on average.
        rules: the rules that are compared.
    """

    def __init__(self, record: Record, rules: Sequence[Rule], courses: Mapping[Rule, Course]) -> None:
        entries = record.entries
        said = (entries.kind == Kind.TRADE) & np.isfinite(entries.policy_pnl).all(axis=1)
        self.places: IndexColumn = np.flatnonzero(said)
        self.policy_pnl: FloatColumn = entries.policy_pnl[self.places]
        self._opened = opened_places(record, self.places)
        self._time_ms: IndexColumn = entries.time_ms[self.places]
        self._regime: IndexColumn = entries.regime[self.places].astype(np.int64)
        self._now_ms = record.last_time_ms
        self.rules = tuple(rules) if self.places.size else ()
        self.mean_pnl, best = self._means(len(record.regime_names))
        self._chosen: dict[Rule, NDArray[np.int8]] = {}
        self._sizes: dict[Rule, FloatColumn] = {}
        for rule in self.rules:
            if rule in FIXED:
                policy = np.full(len(self), FIXED[rule])
            elif rule is Rule.ORACLE:
                policy = best[self._regime]
            else:
                course = courses[OF_GUARDED.get(rule, rule)]
                policy = course.decisions["policy"][course.in_force(self._opened)]
            self._chosen[rule] = policy.astype(np.int8)
            if rule in OF_GUARDED:
                course = courses[OF_GUARDED[rule]]
                opened_ms, made = entries.opened_ms[self.places], policy.astype(np.int64)
                closed = ClosedTrades(opened_ms, made, self.earned(rule))
                factors = guard_factors(course, courses[Rule.REFERENCE], entries.time_ms, self.places, closed)
                self._sizes[rule] = factors[course.in_force(self._opened)]

    def __len__(self) -> int:
        return self.places.size

    def earned(self, rule: Rule) -> FloatColumn:
        """Return what a rule earned with each trade."""
        policies = self.policy_pnl.shape[1]
        earned: FloatColumn = self.policy_pnl.ravel().take(np.arange(len(self)) * policies + self._chosen[rule])
        return earned * self._sizes[rule] if rule in self._sizes else earned

    def size(self, rule: Rule) -> FloatColumn:
        """Return by how much a rule has multiplied the size of each trade."""
        return self._sizes.get(rule, np.ones(len(self)))

    def trades(self, rule: Rule) -> Trades:
        """Return the trades as a rule would have made them."""
        policy = self._chosen[rule].astype(np.int64)
        earned = self.earned(rule)
        return Trades(self.places, self._opened, self._time_ms, self._regime, policy, earned, self._now_ms)

    def _means(self, regimes: int) -> tuple[FloatColumn, IndexColumn]:
        """Return the mean pnl of each policy, and the best policy by regime."""
        counts = np.bincount(self._regime, minlength=regimes)
        weights = self.policy_pnl.T
        sums = np.column_stack([np.bincount(self._regime, weights=each, minlength=regimes) for each in weights])
        best: IndexColumn = np.argmax(sums / np.maximum(counts, 1)[:, None], axis=1)
        return sums.sum(axis=0) / max(len(self), 1), best


def best_fixed(mean_pnl: FloatColumn, rules: Iterable[Rule]) -> Rule | None:
    """Name the fixed policy that earned most, with hindsight; of several the one that risks least; None without any.

    Args:
        mean_pnl: what each policy earned on average.
        rules: the rules that are compared.
    """
    fixed = [rule for rule in FIXED if rule in set(rules)]
    return max(fixed, key=lambda rule: (float(mean_pnl[FIXED[rule]]), -FIXED[rule]), default=None)


def opened_places(record: Record, places: IndexColumn) -> IndexColumn:
    """Return where in a record the trades at some places were opened; where they are, if that is not known."""
    entries = record.entries
    opened: IndexColumn = np.minimum(np.searchsorted(entries.time_ms, entries.opened_ms[places]), places)
    return opened


def recorded_trades(record: Record) -> Trades:
    """Return the trades as they were made."""
    entries, places = record.entries, np.flatnonzero(record.entries.kind == Kind.TRADE)
    return Trades(
        places,
        opened_places(record, places),
        entries.time_ms[places],
        entries.regime[places].astype(np.int64),
        entries.policy[places].astype(np.int64),
        entries.pnl[places],
        record.last_time_ms,
    )
