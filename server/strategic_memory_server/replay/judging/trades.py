"""Trades to judge by, as parallel columns."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """Trades, oldest first.

    Attributes:
        places: their places in the record.
        opened: places in the record that each was opened at: what stands before them was known then.
        time_ms: their times, milliseconds since 1970-01-01 UTC.
        regime: index of the regime of each.
        policy: value of `Policy` of each, -1 for none.
        pnl: what each earned.
        now_ms: the present: the time of the last entry of the record.
    """

    places: IndexColumn
    opened: IndexColumn
    time_ms: IndexColumn
    regime: IndexColumn
    policy: IndexColumn
    pnl: FloatColumn
    now_ms: int
