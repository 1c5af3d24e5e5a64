"""NamedColumns: the columns of a page by our names, read as what they hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.cell_columns import Mask, Refusals, codes, is_given, texts, trade_name
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.time_style import NOT_GIVEN
from strategic_memory_server.replay.written.ways import Ways


@dataclass(frozen=True, slots=True)
class NamedColumns:
    """Cells by our names; a column that is not there is empty."""

    columns: Mapping[str, Sequence[Cell]]
    rows: int
    refusals: Refusals
    ways: Ways

    def given(self, name: str) -> Mask:
        """Tell which rows hold something in a column."""
        return is_given(self.columns[name]) if name in self.columns else np.zeros(self.rows, dtype=np.bool_)

    def codes(self, name: str, code_of: Callable[[str], int]) -> IndexColumn:
        """Return a number for the name in each row."""
        return codes(name, self.columns.get(name) or [""] * self.rows, self.refusals, code_of)

    def trade_ids(self, accepted: Mask) -> list[str]:
        """Return the trade of each accepted row."""
        ids = texts(names.TRADE_ID, self.columns.get(names.TRADE_ID) or [""] * self.rows, self.refusals)
        return [trade_name(ids[row]) for row in np.flatnonzero(accepted).tolist()]

    def said(self, some: Sequence[str]) -> list[Sequence[Cell]]:
        """Return the cells of those of some columns that are there."""
        return [self.columns[name] for name in some if name in self.columns]

    def any_given(self, some: Sequence[str]) -> Mask:
        """Tell which rows hold something in one of some columns."""
        given = np.zeros(self.rows, dtype=np.bool_)
        for name in some:
            if name in self.columns:
                given |= self.given(name)
        return given

    def numbers(self, name: str, read: Mask | None = None) -> FloatColumn:
        """Return numbers; where rows are not read, whatever they hold is nothing."""
        if name not in self.columns or (read is not None and not read.any()):
            return np.full(self.rows, np.nan)
        cells = self.columns[name]
        if read is not None and not read.all():
            cells = [cell if is_read else "" for cell, is_read in zip(cells, read.tolist(), strict=True)]
        return self.ways.numbers(name, cells, self.refusals)

    def times_ms(self, name: str) -> IndexColumn:
        """Return times in milliseconds since 1970 UTC."""
        if name not in self.columns:
            return np.full(self.rows, NOT_GIVEN)
        return self.ways.times_ms(name, self.columns[name], self.refusals)

    def opened_ms(self, time_ms: IndexColumn) -> IndexColumn:
        """Return when each row was opened: at its time, where the page does not say it."""
        if names.OPENED not in self.columns:
            return time_ms
        opened_ms = self.times_ms(names.OPENED)
        opened_ms = np.where(opened_ms == NOT_GIVEN, time_ms, opened_ms)
        self.refusals.refuse_all(opened_ms > time_ms, "opened_after_time", self.columns[names.OPENED])
        return opened_ms

    def either(self, name: str, other: str) -> Sequence[Cell]:
        """Return the cells of one of two columns that mean the same, row by row where there are both.

        Names that differ refuse their row.
        """
        if name in self.columns and other in self.columns:
            both, given = (self.columns[name], self.columns[other]), self.given(name)
            alike = [
                str(first).strip().upper() == str(second).strip().upper() for first, second in zip(*both, strict=True)
            ]
            differ = given & self.given(other) & ~np.array(alike, dtype=np.bool_)
            self.refusals.refuse_all(differ, f"{name}_differs_from_{other}", self.columns[other])
            return [first if is_known else second for first, second, is_known in zip(*both, given, strict=True)]
        return self.columns.get(name if name in self.columns else other) or [""] * self.rows
