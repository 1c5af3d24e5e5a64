"""CountedIds: which stretches of stream ids were read, so that of a stream that goes back nothing counts again.

A value. The stretch that is being read grows with what is read; where it meets another one they become one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import PositionColumn
from strategic_memory_server.columns.stream_position import (
    POSITION_BYTES,
    Id,
    id_of_position,
    id_order,
    position_column,
    position_of,
)
from strategic_memory_server.memory.json_types import JsonValue

FAR_MS = 366 * 86_400_000
"""A larger leap between two ids is one to other units, such as microseconds: what lies between was never read, and
comes with a stream that was made anew."""

NOWHERE = b"\xff" * (POSITION_BYTES + 1)
"""A position that no entry has, and that is within no stretch."""

MOST = 16
"""Stretches that are told apart; of more the two oldest become one, with what lies between them."""


@dataclass(frozen=True, slots=True)
class CountedIds:
    """Stretches of ids, both ends included, ascending and apart from each other."""

    stretches: tuple[tuple[Id, Id], ...] = ()

    @property
    def highest(self) -> Id | None:
        """The largest id; None without any."""
        return self.stretches[-1][1] if self.stretches else None

    def among(self, positions: PositionColumn) -> NDArray[np.bool_]:
        """Tell which positions of entries lie within a stretch."""
        firsts = position_column([position_of(first) for first, _ in self.stretches])
        lasts = position_column([position_of(last) for _, last in self.stretches])
        within: NDArray[np.bool_] = np.searchsorted(firsts, positions, side="right") > np.searchsorted(lasts, positions)
        return within

    def read_on(self, start: str, first: str, last: str, between: PositionColumn | None = None) -> CountedIds:
        """Return the stretches once what comes after `start` was read.

        Args:
            start: the id after which was read.
            first: id of the first entry.
            last: id of the last entry.
            between: positions of entries between them, ascending; None: nothing is known of any.
        """
        begin, low, high = id_order(start), id_order(first), id_order(last)
        goes_on = low[0] - begin[0] <= FAR_MS and any(known[0] <= begin <= known[1] for known in self.stretches)
        return reduce(CountedIds._with, _runs([begin, low] if goes_on else [low], between, high), self)

    def with_others(self, others: CountedIds) -> CountedIds:
        """Return these stretches and others."""
        return reduce(CountedIds._with, others.stretches, self) if others != self else self

    def _with(self, run: tuple[Id, Id]) -> CountedIds:
        apart = [known for known in self.stretches if known[1] < run[0] or known[0] > run[1]]
        met = [known for known in self.stretches if known not in apart]
        whole = min([run[0], *(known[0] for known in met)]), max([run[1], *(known[1] for known in met)])
        found = sorted([*apart, whole])
        while len(found) > MOST:
            found[:2] = [(found[0][0], found[1][1])]
        return CountedIds(tuple(found))

    def to_plain(self) -> list[JsonValue]:
        """Return them as pairs of ids as text."""
        return [["{}-{}".format(*first), "{}-{}".format(*last)] for first, last in self.stretches]

    @classmethod
    def up_to(cls, entry_id: str) -> CountedIds:
        """Return everything up to an id; ValueError where it is none."""
        return cls((((0, 0), id_order(entry_id)),))

    @classmethod
    def from_plain(cls, plain: JsonValue) -> CountedIds:
        """Read what `to_plain` gave; ValueError for anything else."""
        if not isinstance(plain, list):
            raise ValueError("counted_ids has to be a list")
        return cls(tuple(sorted(_pair(pair) for pair in plain)))


NOTHING_COUNTED = CountedIds()


def _runs(lowest: Sequence[Id], between: PositionColumn | None, high: Id) -> Iterator[tuple[Id, Id]]:
    """Yield the stretches without a leap from the first of some ids to the last."""
    low = lowest[0]
    if high[0] - low[0] <= FAR_MS:
        yield low, high
        return
    ends = position_column([position_of(each) for each in lowest]), position_column([position_of(high)])
    positions = np.concatenate([ends[0], *([] if between is None else [between]), ends[1]])
    leaps = np.flatnonzero(np.diff(np.ascontiguousarray(positions).view(">u8")[::2].astype(np.uint64)) > FAR_MS)
    for leap in leaps.tolist():
        yield low, id_of_position(bytes(positions[leap]))
        low = id_of_position(bytes(positions[leap + 1]))
    yield low, high


def _pair(plain: JsonValue) -> tuple[Id, Id]:
    ends: Sequence[JsonValue] = plain if isinstance(plain, list) else ()
    if len(ends) != 2 or not all(isinstance(end, str) for end in ends):
        raise ValueError("counted_ids has to hold pairs of ids")
    first, last = (id_order(str(end)) for end in ends)
    return first, last
