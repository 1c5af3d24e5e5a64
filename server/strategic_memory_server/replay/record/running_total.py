"""Results that are a running total, as other columns show: each would count all that came before it again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.cell_columns import Refusals
from strategic_memory_server.replay.files.csv_layout import is_value
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell, TablePage
from strategic_memory_server.replay.formats.cells import is_given, text_of
from strategic_memory_server.replay.formats.format import plain_name
from strategic_memory_server.replay.formats.own_columns import COMMON_NAMES, OWN_COLUMNS
from strategic_memory_server.replay.formats.reading import TableReading
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.written.two_passes import read_in_its_way
from strategic_memory_server.replay.written.ways import Declared, Ways

_FEWEST_STEPS = 3
_SHARE = 0.9
"""Of the rows in which either moves so many have to be a step of it: some may be refused, or rounded otherwise."""

_LEVELS = (
    "equity", "balance", "accountbalance", "accountvalue", "accountequity", "portfoliovalue", "totalequity",
    "totalvalue", "walletbalance", "netliquidation", "netliq", "nav", "capital", "cash", "endingbalance",
)  # fmt: skip
"""What plain names of what an account holds begin with."""

_ROUNDING = 0.01
"""So far from a step may what it adds be, as a share of the usual step."""


def require_no_running_total(reading: TableReading, general: Declared, kinds: Sequence[Kind]) -> None:
    """Refuse results that grow by what another column says, or move as an account does, by the first page of a table.

    Args:
        reading: how the table is read; what is mapped is meant, and what a tool writes is known.
        general: what is known of how numbers are written.
        kinds: what its rows were taken for.

    Raises:
        ReplayError: it is so; the message names both columns.
    """
    pnl = next((name for name in (names.PNL, names.REALIZED_PNL) if name in reading.columns), None)
    if pnl is None or pnl in reading.mapped or reading.format not in (OWN_COLUMNS, COMMON_NAMES):
        return
    column, page = reading.columns[pnl], next(reading.table.pages(), None)
    total = None if page is None else _numbers(page, column, general)
    if page is None or total is None:
        return
    for name in reading.table.columns:
        other = None if name in reading.columns.values() else _numbers(page, name, general)
        if other is None:
            continue
        meant = f"say that it is meant with --map 'realized_pnl={column}', {_keeping(reading, kinds)}"
        if _adds_up(total, other) or _adds_up(total[::-1], other[::-1]):
            raise ReplayError(
                f"{reading.table.shown}: column {column!r} is the running total of {name!r}: map what each trade "
                f"earned, --map 'realized_pnl={name}', or {meant}"
            )
        if plain_name(name).startswith(_LEVELS) and _adds_up(other, np.diff(total, prepend=np.nan)):
            raise ReplayError(
                f"{reading.table.shown}: column {column!r} is a running total or a level, for it moves as {name!r} "
                f"does: map what each trade earned, or {meant}"
            )


def _keeping(reading: TableReading, kinds: Sequence[Kind]) -> str:
    """Return how rows stay what they are where their pnl is mapped, which makes trades of those that do not say it."""
    if names.KIND in reading.columns or Kind.TRADE in kinds or not kinds:
        return "and --kind portfolio where no row is a trade"
    if len(kinds) > 1:
        return "and a column kind, for its rows are of several kinds"
    kind = kinds[0].name.lower()
    return f"and --kind {kind}, for its rows are no trades (for all files; a column kind says it for one)"


def _numbers(page: TablePage, name: str, general: Declared) -> FloatColumn | None:
    """Return the numbers of a column, NaN where none is; None where they can be read in two ways, or it holds none."""

    def read(cells: Sequence[Cell], ways: Ways) -> FloatColumn:
        return ways.numbers(name, cells, Refusals(page.lines))

    try:
        cells = page.columns.get(name) or [None] * len(page.lines)
        if not is_value(next((text_of(cell) for cell in cells if is_given(cell)), "")):
            return None
        (found,), _ = read_in_its_way("", lambda: [cells], read, general, {})
    except ReplayError:
        # What nobody reads may be damaged.
        return None
    return found


def _adds_up(total: FloatColumn, step: FloatColumn) -> bool:
    """Tell whether a column grows from row to row by what another one says."""
    known = np.isfinite(total)
    total, step = total[known], np.nan_to_num(step[known])
    steps = np.abs(step[1:][step[1:] != 0.0])
    if steps.size < _FEWEST_STEPS or np.count_nonzero(total[1:] != step[1:]) < _FEWEST_STEPS:
        return False
    # Where neither moves nothing is said: of most candles both the pnl and the fees are 0.
    moves = (np.diff(total) != 0.0) | (step[1:] != 0.0)
    is_step = np.abs(np.diff(total) - step[1:])[moves] <= _ROUNDING * np.median(steps)
    return bool(np.count_nonzero(is_step) >= _SHARE * is_step.size)
