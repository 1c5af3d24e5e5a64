"""RowSigns: what the rows of a table show of what all of them are."""

from __future__ import annotations

from dataclasses import dataclass

from strategic_memory_server.replay.files.cell_columns import Mask


@dataclass(frozen=True, slots=True)
class RowSigns:
    """What the rows of a table without a column `kind` have shown.

    Attributes:
        of_trades: whether one holds a value that only trades have.
        of_both: whether one holds, beside such a value, one that an observation has.
    """

    of_trades: bool = False
    of_both: bool = False

    def with_rows(self, trades: Mask, observed: Mask) -> RowSigns:
        """Return the signs with those of more rows."""
        return RowSigns(self.of_trades or bool(trades.any()), self.of_both or bool((trades & observed).any()))


NO_SIGNS = RowSigns()
"""Of a table of which nothing is read yet."""
