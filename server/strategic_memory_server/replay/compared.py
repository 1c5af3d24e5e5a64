"""The trades that rules are compared over: those that say what each policy would have earned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.course import Course, InForce
from strategic_memory_server.replay.entry_columns import Kind
from strategic_memory_server.replay.record import Progress, Record, Stretch
from strategic_memory_server.replay.rules import FIXED, Rule
from strategic_memory_server.replay.spool import Rows
from strategic_memory_server.replay.trade_table import Trades, TradeTable, most_held

POLICIES = len(Policy)


class Compared:
    """What each rule chose for each trade that says what each policy would have earned, and earned with it.

    Args:
        record: what happened.
        rules: the rules to compare.
        courses: what those that learn have advised.
        progress: told how much is done, 0 to 1.
    """

    def __init__(
        self, record: Record, rules: Sequence[Rule], courses: Mapping[Rule, Course], progress: Progress
    ) -> None:
        self._record = record
        self._rows = record.storage.spool(
            [
                ("place", "i8"),
                ("time_ms", "i8"),
                ("regime", "i2"),
                ("policy_pnl", "f8", (POLICIES,)),
                ("chosen", "i1", (max(len(rules), 1),)),
            ]
        )
        self.mean_pnl, best = _means(record)
        self.rules = tuple(rules) if best is not None else ()
        self._add_trades(courses, np.zeros(0, dtype=np.int64) if best is None else best, progress)

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self) -> Iterator[Rows]:
        """Give all trades, some at a time: place, time_ms, regime, policy_pnl and what each of the rules has chosen."""
        return self._rows.pieces()

    def chosen(self, rule: Rule, rows: Rows) -> IndexColumn:
        """Give the policies that a rule chose for some trades."""
        return np.array(rows["chosen"][:, self.rules.index(rule)], dtype=np.int64)

    def earned(self, rule: Rule, rows: Rows) -> FloatColumn:
        """Give what a rule earned with some trades."""
        earned: FloatColumn = rows["policy_pnl"][np.arange(rows.size), self.chosen(rule, rows)]
        return earned

    def table(self, rule: Rule) -> TradeTable:
        """Give the trades as a rule would have made them."""

        def pieces() -> Iterator[Trades]:
            for rows in self.rows():
                yield Trades(
                    places=np.array(rows["place"]),
                    time_ms=np.array(rows["time_ms"]),
                    regime=rows["regime"].astype(np.int64),
                    policy=self.chosen(rule, rows),
                    pnl=self.earned(rule, rows),
                )

        return TradeTable(pieces, len(self), self._record.last_time_ms, self.may_be_held)

    @property
    def may_be_held(self) -> bool:
        """Whether the trades are few enough to be there all at once."""
        return len(self) <= most_held(self._record.storage)

    def _add_trades(self, courses: Mapping[Rule, Course], best: IndexColumn, progress: Progress) -> None:
        in_force = {rule: InForce(courses[rule]) for rule in self.rules if rule in courses}
        for stretch in self._record.stretches() if self.rules else ():
            places = _comparable(stretch)
            rows = np.zeros(places.size, dtype=self._rows.dtype)
            rows["place"], rows["time_ms"] = stretch.start + places, stretch.entries.time_ms[places]
            rows["regime"], rows["policy_pnl"] = stretch.entries.regime[places], stretch.entries.policy_pnl[places]
            for number, rule in enumerate(self.rules):
                if rule in FIXED:
                    rows["chosen"][:, number] = FIXED[rule]
                elif rule is Rule.ORACLE:
                    rows["chosen"][:, number] = best[rows["regime"]]
                else:
                    # From what was known before the trade.
                    rows["chosen"][:, number] = in_force[rule].at(rows["place"])["policy"]
            self._rows.append(rows)
            progress((stretch.start + len(stretch)) / len(self._record))


def best_fixed(mean_pnl: FloatColumn, rules: Iterable[Rule]) -> Rule | None:
    """Name the fixed policy that earned most, with hindsight; of several the one that risks least; None without any.

    Args:
        mean_pnl: what each policy earned on average.
        rules: the rules that are compared.
    """
    fixed = [rule for rule in FIXED if rule in set(rules)]
    return max(fixed, key=lambda rule: (float(mean_pnl[FIXED[rule]]), -FIXED[rule]), default=None)


def recorded_trades(record: Record) -> TradeTable:
    """Give the trades as they were made."""

    def pieces() -> Iterator[Trades]:
        for stretch in record.stretches():
            entries, traded = stretch.entries, np.flatnonzero(stretch.entries.kind == Kind.TRADE)
            yield Trades(
                places=stretch.start + traded,
                time_ms=entries.time_ms[traded],
                regime=entries.regime[traded].astype(np.int64),
                policy=entries.policy[traded].astype(np.int64),
                pnl=entries.pnl[traded],
            )

    trades = record.by_kind[Kind.TRADE]
    return TradeTable(pieces, trades, record.last_time_ms, trades <= most_held(record.storage))


def _comparable(stretch: Stretch) -> IndexColumn:
    entries = stretch.entries
    return np.flatnonzero((entries.kind == Kind.TRADE) & np.isfinite(entries.policy_pnl).all(axis=1))


def _means(record: Record) -> tuple[FloatColumn, IndexColumn | None]:
    """Give the mean pnl of each policy, and the best policy by regime; None without trades that say them all."""
    regimes = len(record.regime_names)
    sums, counts = np.zeros((regimes, POLICIES)), np.zeros(regimes, dtype=np.int64)
    for stretch in record.stretches():
        places = _comparable(stretch)
        regime, pnl = stretch.entries.regime[places], stretch.entries.policy_pnl[places]
        counts += np.bincount(regime, minlength=regimes)
        for policy in Policy:
            sums[:, policy] += np.bincount(regime, weights=pnl[:, policy], minlength=regimes)
    if not counts.any():
        return np.zeros(POLICIES), None
    means = sums.sum(axis=0) / counts.sum()
    best: IndexColumn = np.argmax(sums / np.maximum(counts, 1)[:, None], axis=1)
    return means, best
