"""Tallies: running totals that entries are added to and taken from, exactly, so that they cannot drift.

A tally of a group that has become empty is gone: adding entries and taking them away again leaves nothing behind.
"""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.columns.distinct import distinct
from strategic_memory_server.columns.exact_sum import exact, exact_sums

KeyT = TypeVar("KeyT", bound=Hashable)

FEW = 64
"""So many entries are added one by one sooner than together."""


class PnlTotal(NamedTuple):
    """Total of a group of entries.

    Attributes:
        entries: number of entries.
        units: exact sum of their values, in units of 2**-1074; see `exact_sum.py`.
        wins: entries with a positive value.
        losses: entries with a negative value.
    """

    entries: int
    units: int
    wins: int
    losses: int


NOTHING = PnlTotal(0, 0, 0, 0)


class PnlTallies(Generic[KeyT]):
    """Totals of finite numbers by key. `totals` holds the keys that have entries, and its values never change."""

    def __init__(self) -> None:
        self.totals: dict[KeyT, PnlTotal] = {}

    def add(self, key: KeyT, value: float) -> None:
        """Add one entry: to which total it counts, and its pnl."""
        count, units, wins, losses = self.totals.get(key, NOTHING)
        self.totals[key] = PnlTotal(count + 1, units + exact(value), wins + (value > 0), losses + (value < 0))

    def remove(self, key: KeyT, value: float) -> None:
        """Take away one entry that was added."""
        count, units, wins, losses = self.totals[key]
        if count == 1:
            del self.totals[key]
        else:
            self.totals[key] = PnlTotal(count - 1, units - exact(value), wins - (value > 0), losses - (value < 0))

    def add_all(self, key_of: Callable[[int], KeyT], group: IndexColumn, values: FloatColumn) -> None:
        """Add many entries at once, as exactly as one by one.

        Args:
            key_of: gives the key of a group.
            group: group of each entry, from 0 up.
            values: value of each entry.
        """
        for index, total in totals_by_group(group, values).items():
            self.add_total(key_of(index), total)

    def add_total(self, key: KeyT, total: PnlTotal) -> None:
        """Add entries by their total."""
        before = self.totals.get(key)
        self.totals[key] = total if before is None else PnlTotal(*map(operator.add, before, total))


def totals_by_group(group: IndexColumn, values: FloatColumn) -> dict[int, PnlTotal]:
    """Add up entries by their group, from 0 up: one total for each group that has any."""
    if values.size <= FEW:
        members: dict[int, list[float]] = {}
        for index, value in zip(group.tolist(), values.tolist(), strict=True):
            members.setdefault(index, []).append(value)
        return {index: _total(sorted(some)) for index, some in members.items()}
    groups = distinct(group)
    won = np.bincount(groups.place[values > 0], minlength=groups.found.size).tolist()
    lost = np.bincount(groups.place[values < 0], minlength=groups.found.size).tolist()
    sums = exact_sums(values, groups.place, groups.found.size)
    totals = zip(groups.counts.tolist(), sums, won, lost, strict=True)
    return {index: PnlTotal(*total) for index, total in zip(groups.found.tolist(), totals, strict=True)}


def _total(ascending: list[float]) -> PnlTotal:
    wins, losses = len(ascending) - bisect_right(ascending, 0.0), bisect_left(ascending, 0.0)
    return PnlTotal(len(ascending), sum(map(exact, ascending)), wins, losses)
