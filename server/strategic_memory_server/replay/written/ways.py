"""Ways: how the columns of one table are written, and what their cells say in that way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Protocol

from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.replay.files.cell_columns import Refusals
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.written.time_units import Unit

FRACTIONS = "fractions"
"""The unit of percent, once it is read."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What is known of the way in which a column is written, before anything is read of it.

    Attributes:
        decimal: what stands before decimals, `.` or `,`; empty: not known.
        order: which of day, month and year comes first: `dmy`, `mdy` or `ymd`; empty: not known.
        unit: what times count that are numbers; None: not known.
        zone: of times that name none; None: not known. Of a column: its name says it, so that no time may name another.
        percent: whether numbers are percent without a sign that says it.
        one_unit: whether all pnl is of one unit, whatever the files say.
        counts_locally: whether times that count from 1970 do so by the clocks of the zone, and not in UTC.
    """

    decimal: str = ""
    order: str = ""
    unit: Unit | None = None
    zone: tzinfo | None = None
    percent: bool = False
    one_unit: bool = False
    counts_locally: bool = False

    def under(self, general: Declared) -> Declared:
        """Return what is known of a column of which this is known, and something of all columns."""
        return Declared(
            self.decimal or general.decimal,
            self.order or general.order,
            self.unit or general.unit,
            self.zone or general.zone or UTC,
            self.percent,
            self.one_unit or general.one_unit,
            self.counts_locally,
        )


class Ways(Protocol):
    """Reads cells, column by column; a column may come in any number of pages."""

    def numbers(self, column: str, cells: Sequence[Cell], refusals: Refusals) -> FloatColumn:
        """Return the numbers of some cells; NaN where there is none."""

    def times_ms(self, column: str, cells: Sequence[Cell], refusals: Refusals) -> IndexColumn:
        """Return the times of some cells, milliseconds since 1970-01-01 UTC; NOT_GIVEN where there is none."""

    def unit(self, column: str) -> str:
        """Return the unit of numbers as their cells say it: FRACTIONS, a currency, or empty."""

    def describe(self) -> Mapping[str, str]:
        """Return how each column is written, by its name; plain numbers go without saying."""


class NotPlainError(Exception):
    """Cells are not written in the one way that needs no other cell to be understood."""
