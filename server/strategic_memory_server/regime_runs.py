"""Runs of a regime among the observations: how often regimes follow each other, and how long each lasts.

All of it follows from the pairs of neighbouring observations, so an observation can be taken away at the old end as
cheaply as one is added at the new end. A run begins with the first observation, and with each that follows another
regime; it lasts until the next one begins, so for the sum of the times between the neighbours that begin in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from strategic_memory_server.checkpoint import Checkpoint, go_on
from strategic_memory_server.columns import IndexColumn
from strategic_memory_server.distinct import distinct
from strategic_memory_server.tallies import FEW

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RunTotals:
    """What the observations of a window say about runs.

    Attributes:
        transitions: neighbouring observations, by the regimes of both, the older one first.
        apart_ms: times between neighbours, milliseconds in all, by the regime of the older one; 0 where absent.
        first: regime of the oldest observation; empty without one.
        last: regime of the newest observation; empty without one.
        open_ms: time from the start of the run that has not ended to the newest observation, milliseconds.
        open_observations: observations of that run.
    """

    transitions: Mapping[Pair, int] = field(default_factory=dict)
    apart_ms: Mapping[str, int] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    open_ms: int = 0
    open_observations: int = 0

    def episodes(self) -> dict[str, int]:
        """Count the runs by regime."""
        episodes = {self.first: 1} if self.first else {}
        for (before, after), count in self.transitions.items():
            if before != after:
                episodes[after] = episodes.get(after, 0) + count
        return episodes

    def mean_observations(self, regime: str, episodes: int, observations: int) -> float | None:
        """Mean length of the runs that have ended, of a regime with so many runs and observations; None: none has."""
        if regime == self.last:
            episodes, observations = episodes - 1, observations - self.open_observations
        return observations / episodes if episodes else None

    def mean_seconds(self, regime: str, episodes: int) -> float | None:
        """Mean time of the runs that have ended, of a regime with so many runs; None when none has."""
        ended, ended_ms = episodes, self.apart_ms.get(regime, 0)
        if regime == self.last:
            ended, ended_ms = ended - 1, ended_ms - self.open_ms
        return ended_ms / ended / 1000 if ended else None


class RunTally:
    """Running totals of pairs. Observations come at the new end and go at the old one."""

    def __init__(self) -> None:
        self._transitions: dict[Pair, int] = {}
        self._apart_ms: dict[str, int] = {}
        self._first = self._last = ""
        self._last_ms = 0
        self._count = 0
        self._open_count = 0
        self._open_ms = 0

    def totals(self) -> RunTotals:
        """Give the totals as they stand."""
        return RunTotals(
            self._transitions.copy(), self._apart_ms.copy(), self._first, self._last, self._open_ms, self._open_count
        )

    def add(self, regime: str, time_ms: int) -> None:
        """Add an observation that is not older than those before."""
        if self._count:
            apart_ms = time_ms - self._last_ms
            self._add_pairs((self._last, regime), 1, apart_ms)
            same = regime == self._last
            self._open_count, self._open_ms = (self._open_count + 1, self._open_ms + apart_ms) if same else (1, 0)
        else:
            self._first, self._open_count, self._open_ms = regime, 1, 0
        self._last, self._last_ms = regime, time_ms
        self._count += 1

    def add_all(
        self, names: Sequence[str], regimes: IndexColumn, times_ms: IndexColumn, checkpoint: Checkpoint = go_on
    ) -> None:
        """Add observations, oldest first; `regimes` are indices into `names`. It calls `checkpoint` now and then."""
        one_by_one = regimes.size if regimes.size <= FEW else 1
        for regime, time_ms in zip(regimes[:one_by_one].tolist(), times_ms[:one_by_one].tolist(), strict=True):
            self.add(names[regime], time_ms)
        if one_by_one == regimes.size:
            return
        older, newer, apart_ms = regimes[:-1], regimes[1:], np.diff(times_ms)
        pairs = distinct(older * len(names) + newer)
        sums_ms = np.bincount(pairs.place, weights=apart_ms)
        for pair, count, sum_ms in zip(pairs.found.tolist(), pairs.counts.tolist(), sums_ms.tolist(), strict=True):
            # There can be nearly as many pairs as observations.
            checkpoint()
            before, after = divmod(pair, len(names))
            self._add_pairs((names[before], names[after]), count, int(sum_ms))
        changes = np.flatnonzero(older != newer)
        if changes.size:
            start = int(changes[-1]) + 1
            self._open_count, self._open_ms = 0, 0
        else:
            start = 1
        self._open_count += regimes.size - start
        self._open_ms += int(times_ms[-1] - times_ms[start if changes.size else 0])
        self._last, self._last_ms = names[regimes[-1]], int(times_ms[-1])
        self._count += regimes.size - 1

    def remove_oldest(self, time_ms: int, next_regime: str, next_time_ms: int) -> None:
        """Take away the oldest observation, which was at `time_ms`, of several; the next one becomes the oldest."""
        apart_ms = next_time_ms - time_ms
        self._add_pairs((self._first, next_regime), -1, -apart_ms)
        if self._open_count == self._count:
            self._open_count -= 1
            self._open_ms -= apart_ms
        self._first = next_regime
        self._count -= 1

    def _add_pairs(self, pair: Pair, count: int, apart_ms: int) -> None:
        if counted := self._transitions.get(pair, 0) + count:
            self._transitions[pair] = counted
        else:
            del self._transitions[pair]
        before = pair[0]
        if sum_ms := self._apart_ms.get(before, 0) + apart_ms:
            self._apart_ms[before] = sum_ms
        else:
            self._apart_ms.pop(before, None)
