"""CountedIds: which stretches of stream ids were read, so that of a stream that goes back nothing counts again.

A value. The stretch that is being read grows with what is read; where it meets another one they become one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strategic_memory_server.columns.columns import PositionColumn
from strategic_memory_server.columns.stream_position import Id, id_order, position_column, position_of
from strategic_memory_server.memory.json_types import JsonValue

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

    def read_on(self, start: str, first: str, last: str) -> CountedIds:
        """Return the stretches once what comes after `start` was read: the entries from `first` to `last`."""
        begin, low, high = id_order(start), id_order(first), id_order(last)
        if any(known[0] <= begin <= known[1] for known in self.stretches):
            low = begin
        apart = [known for known in self.stretches if known[1] < low or known[0] > high]
        met = [known for known in self.stretches if known not in apart]
        whole = min([low, *(known[0] for known in met)]), max([high, *(known[1] for known in met)])
        found = sorted([*apart, whole])
        while len(found) > MOST:
            found[:2] = [(found[0][0], found[1][1])]
        return CountedIds(tuple(found))

    def to_plain(self) -> list[JsonValue]:
        """Return them as pairs of ids as text."""
        return [["{}-{}".format(*first), "{}-{}".format(*last)] for first, last in self.stretches]

    @classmethod
    def from_plain(cls, plain: JsonValue, read_up_to: str) -> CountedIds:
        """Read what `to_plain` gave; a memory that has none is taken to have read everything up to where it stands.

        Raises:
            ValueError: it is something else.
        """
        if plain is None:
            return cls((((0, 0), id_order(read_up_to)),))
        if not isinstance(plain, list):
            raise ValueError("counted_ids has to be a list")
        return cls(tuple(sorted(_pair(pair) for pair in plain)))


NOTHING_COUNTED = CountedIds()


def _pair(plain: JsonValue) -> tuple[Id, Id]:
    ends: Sequence[JsonValue] = plain if isinstance(plain, list) else ()
    if len(ends) != 2 or not all(isinstance(end, str) for end in ends):
        raise ValueError("counted_ids has to hold pairs of ids")
    first, last = (id_order(str(end)) for end in ends)
    return first, last
