"""RowOrder: puts rows into the order of a key, however many there are.

Rows are sorted in runs that fit into memory; runs are merged by reading a little of each. When the runs follow each
other already, as in a file that was written in order, reading them one after the other is all there is to do.
D. E. Knuth (1998), "The Art of Computer Programming", volume 3, section 5.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.replay.spool import Rows, Storage

KEY = "key"
"""The field that rows are sorted by, a whole number; rows with the same key stay in the order in which they came."""

FEWEST_READ = 256
"""Fewest rows of a run that are read at once."""


@dataclass(slots=True)
class _Run:
    """A sorted run: where it begins and ends in the spool, and how much of it was read."""

    start: int
    end: int
    ahead: Rows

    @property
    def unread(self) -> int:
        return self.end - self.start


class RowOrder:
    """Sorts what is added.

    Args:
        storage: where the runs go.
        fields: fields of a row beside the key.
        run_rows: rows that are sorted in memory; by default twice the rows that a spool gives at once.
    """

    def __init__(
        self,
        storage: Storage,
        fields: list[tuple[str, str] | tuple[str, str, tuple[int, ...]]],
        run_rows: int | None = None,
    ) -> None:
        self._spool = storage.spool([(KEY, "i8"), *fields])
        self._piece_rows = storage.piece_rows
        self._run_rows = run_rows or 2 * storage.piece_rows
        self._waiting: list[Rows] = []
        self._waiting_rows = 0
        self._ends: list[int] = []
        self._highest: int | None = None
        self._in_order = True

    def __len__(self) -> int:
        return len(self._spool) + self._waiting_rows

    def append(self, rows: Rows) -> None:
        """Add rows."""
        self._waiting.append(rows)
        self._waiting_rows += rows.size
        if self._waiting_rows >= self._run_rows:
            self._end_run()

    def pieces(self) -> Iterator[Rows]:
        """Give all rows in order, some at a time; none can be added any more."""
        self._end_run()
        if self._in_order:
            yield from self._spool.pieces()
            return
        starts = [0, *self._ends[:-1]]
        empty = np.empty(0, dtype=self._spool.dtype)
        runs = [_Run(start, end, empty) for start, end in zip(starts, self._ends, strict=True)]
        at_once = max(2 * self._piece_rows // len(runs), FEWEST_READ)
        while runs:
            yield self._lowest(runs, at_once)
            runs = [run for run in runs if run.ahead.size or run.unread]

    def _lowest(self, runs: list[_Run], at_once: int) -> Rows:
        """Take the lowest rows off the runs: all up to the lowest of the last keys that were read of any run."""
        for run in runs:
            if not run.ahead.size:
                run.ahead = self._spool.read(run.start, min(at_once, run.unread))
                run.start += run.ahead.size
        # Of a run with more to come, a row with the same key may still be unread: only an earlier run's may go first.
        bounds = [(int(run.ahead[KEY][-1]), number) for number, run in enumerate(runs) if run.unread]
        taken = []
        bound, owner = min(bounds, default=(None, 0))
        for number, run in enumerate(runs):
            if bound is None:
                count = run.ahead.size
            else:
                count = int(np.searchsorted(run.ahead[KEY], bound, side="right" if number <= owner else "left"))
            taken.append(run.ahead[:count])
            run.ahead = run.ahead[count:]
        rows = np.concatenate(taken)
        return rows[np.argsort(rows[KEY], kind="stable")]

    def _end_run(self) -> None:
        if not self._waiting_rows:
            return
        rows = np.concatenate(self._waiting).astype(self._spool.dtype, copy=False)
        self._waiting, self._waiting_rows = [], 0
        keys = rows[KEY]
        if np.any(keys[1:] < keys[:-1]):
            rows = rows[np.argsort(keys, kind="stable")]
        lowest, highest = int(rows[KEY][0]), int(rows[KEY][-1])
        self._in_order = self._in_order and (self._highest is None or self._highest <= lowest)
        self._highest = highest
        self._spool.append(rows)
        self._ends.append(len(self._spool))
