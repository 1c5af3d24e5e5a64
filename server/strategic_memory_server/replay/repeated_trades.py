"""RepeatedTrades: which trades have an id that an earlier one had."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.columns.columns import IndexColumn
from strategic_memory_server.replay.row_order import KEY, RowOrder
from strategic_memory_server.replay.spool import Rows, Spool, Storage


class RepeatedTrades:
    """Takes trades in the order of the record.

    Args:
        storage: where ids go.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._ids = RowOrder(storage, [("place", "i8")])

    def add(self, start: int, trade: IndexColumn) -> None:
        """Add fingerprints of ids, 0 for none; `start` is the place of the first of them."""
        given = np.flatnonzero(trade)
        self._ids.append(_rows(trade[given], place=start + given))

    def places(self) -> Spool:
        """Give the places, ascending, of all trades but the first with each id; none can be added any more."""
        found = RowOrder(self._storage, [])
        last: IndexColumn = np.empty(0, dtype=np.int64)
        for rows in self._ids.pieces():
            keys = np.concatenate((last, rows[KEY]))
            again = np.flatnonzero(keys[1:] == keys[:-1]) + 1 - last.size
            found.append(_rows(rows["place"][again]))
            last = keys[-1:]
        places = self._storage.spool([(KEY, "i8")])
        for rows in found.pieces():
            places.append(rows)
        return places


def _rows(key: IndexColumn, **fields: IndexColumn) -> Rows:
    rows = np.empty(key.size, dtype=[(KEY, "i8"), *((name, "i8") for name in fields)])
    rows[KEY] = key
    for name, column in fields.items():
        rows[name] = column
    return rows
