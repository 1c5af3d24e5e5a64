"""Trades as a table that can be read again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.replay.spool import Storage

HELD_PIECES = 2
"""A table of no more pieces than that may be held."""


def most_held(storage: Storage) -> int:
    """Give how many trades may be held."""
    return HELD_PIECES * storage.piece_rows


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """Some trades that follow each other.

    Attributes:
        places: their places in the record.
        time_ms: their times.
        regime: index of the regime of each.
        policy: value of `Policy` of each, -1 for none.
        pnl: what each earned.
    """

    places: IndexColumn
    time_ms: IndexColumn
    regime: IndexColumn
    policy: IndexColumn
    pnl: FloatColumn


@dataclass(frozen=True, slots=True, eq=False)
class TradeTable:
    """Trades, oldest first.

    Attributes:
        pieces: gives all of them, some at a time, from the first on at each call.
        trades: how many there are.
        now_ms: the present.
        may_be_held: whether they are few enough to be there all at once.
    """

    pieces: Callable[[], Iterator[Trades]]
    trades: int
    now_ms: int
    may_be_held: bool

    def held(self) -> Trades:
        """Give all of them at once."""
        pieces = list(self.pieces())
        whole = np.empty(0, dtype=np.int64)
        return Trades(
            places=np.concatenate([whole, *(piece.places for piece in pieces)]),
            time_ms=np.concatenate([whole, *(piece.time_ms for piece in pieces)]),
            regime=np.concatenate([whole, *(piece.regime for piece in pieces)]),
            policy=np.concatenate([whole, *(piece.policy for piece in pieces)]),
            pnl=np.concatenate([np.empty(0), *(piece.pnl for piece in pieces)]),
        )
