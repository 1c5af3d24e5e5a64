"""TableReading: a table as it is read: which of its columns are ours, and which of its rows are results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell, Page
from strategic_memory_server.replay.files.table import Table, again
from strategic_memory_server.replay.formats.column_map import mapped_column
from strategic_memory_server.replay.formats.format import Format, found
from strategic_memory_server.replay.formats.own_columns import BESIDE

_SAME = ((names.PNL, names.REALIZED_PNL), (names.REGIME, names.MARKET_REGIME))
"""Pairs of columns that mean the same."""


@dataclass(slots=True)
class TableReading:
    """One table, read as one format.

    Attributes:
        table: where the rows are.
        format: what it was recognised as.
        columns: what the columns that are read are called in the table, by our names.
        mapped: those of our names that the user mapped.
        rows: number of rows that were given out as results or refused, so far.
        left_out: how many rows are no results, so far, by what they are.
    """

    table: Table
    format: Format
    columns: Mapping[str, str]
    mapped: frozenset[str] = frozenset()
    rows: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def units(self) -> dict[str, str]:
        """The units of times that are numbers, by our names, where the format knows them."""
        return {ours: unit for ours, unit in self.format.units.items() if ours not in self.mapped}

    def pages(self) -> Iterator[Page]:
        """Read the rows that are results, under our names of columns."""
        self.rows, self.left_out = 0, {}
        pages = self.table.pages()
        for page in self.format.rows(pages) if self.format.rows else pages:
            yield self._ours(self._results(page))

    def _ours(self, page: Page) -> Page:
        columns: dict[str, Sequence[Cell]] = {
            ours: page.columns[theirs] for ours, theirs in self.columns.items() if theirs in page.columns
        }
        rows = len(page.lines)
        if self.format.kind and names.KIND not in columns:
            columns[names.KIND] = [self.format.kind] * rows
        if self.format.strategy_in_path and names.STRATEGY not in columns:
            columns[names.STRATEGY] = [self.table.path[-self.format.strategy_in_path]] * rows
        self.rows += rows + len(page.broken)
        return Page(columns, page.lines, page.broken, page.read_share)

    def _results(self, page: Page) -> Page:
        results = self.format.results
        if results is None:
            return page
        column = found(results.column, self.table.columns)
        if column is None or column not in page.columns:
            return page
        kept = [results.is_result(cell) for cell in page.columns[column]]
        if all(kept):
            return page
        self.left_out[results.others] = self.left_out.get(results.others, 0) + kept.count(False)
        chosen = {
            theirs: list(compress(page.columns[theirs], kept))
            for theirs in self.columns.values()
            if theirs in page.columns
        }
        return Page(chosen, list(compress(page.lines, kept)), page.broken, page.read_share)


def reading_of(table: Table, known: Format, asked: Mapping[str, str]) -> TableReading:
    """Return how a table is read as one format. What is mapped goes before what is found.

    Args:
        table: the table.
        known: the format.
        asked: the file's names of columns by ours, as the user maps them.

    Raises:
        ReplayError: a column that is read has a name that comes twice.
    """
    mapped = {ours: mapped_column(theirs, table.columns) for ours, theirs in asked.items()}
    by_user = {ours: theirs for ours, theirs in mapped.items() if theirs is not None}
    columns = {**_beside(table, known), **known.found(table.columns)}
    for one, other in _SAME:
        # Which of the two is written in a map says nothing of what a row is.
        if one in by_user and other not in by_user:
            by_user[_told(one)] = by_user.pop(one)
        elif other in by_user and one not in by_user:
            by_user[_told(other)] = by_user.pop(other)
        if one in by_user or other in by_user:
            columns.pop(one, None)
            columns.pop(other, None)
    _require_one(table, {**columns, **by_user}, known, asked)
    return TableReading(table, known, {**columns, **by_user}, frozenset(by_user))


def _told(ours: str) -> str:
    """Return under which of two names a mapped column is read: a pnl that is mapped is that of a trade."""
    return names.REALIZED_PNL if ours in (names.PNL, names.REALIZED_PNL) else names.REGIME


def _beside(table: Table, known: Format) -> dict[str, str]:
    """Return our own columns in a table of any format."""
    own = {ours: found(theirs, table.columns) for ours, theirs in BESIDE.items() if ours not in known.columns}
    return {ours: theirs for ours, theirs in own.items() if theirs is not None}


def _require_one(table: Table, columns: Mapping[str, str], known: Format, asked: Mapping[str, str]) -> None:
    """Refuse a column that is read and comes twice, unless the user or the format says which one."""
    declared = [name for theirs in known.columns.values() for name in theirs]
    for ours, theirs in columns.items():
        second = again(theirs, 2)
        chosen = asked.get(ours) == again(theirs, 1) or found([second], declared)
        if second in table.columns and not chosen:
            raise ReplayError(
                f"{table.shown}: names {theirs} more than once; which one counts? "
                f"--map '{ours}={again(theirs, 1)}' or '{ours}={second}'"
            )
