"""TableReading: a table as it is read: which of its columns are ours, and which of its rows are results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from operator import or_

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, TablePage, overlaid
from strategic_memory_server.replay.files.table import Table
from strategic_memory_server.replay.formats.cells import is_given, is_not_zero, text_of
from strategic_memory_server.replay.formats.date_and_time import DateAndTime
from strategic_memory_server.replay.formats.format import Format, Results, UnclearRowsError, all_called, found
from strategic_memory_server.replay.formats.late_names import require_known_names
from strategic_memory_server.replay.formats.name_says import says_percent, without_zone
from strategic_memory_server.replay.formats.names_again import NAMES_AGAIN, has_words_for_times, rows_without_names
from strategic_memory_server.replay.formats.one_zone import zone_of
from strategic_memory_server.replay.formats.own_columns import COMMON_NAMES, OWN_COLUMNS
from strategic_memory_server.replay.formats.settling import currency_said
from strategic_memory_server.replay.formats.totals import TOTALS, rows_without_totals
from strategic_memory_server.replay.written.time_units import days_since_1900
from strategic_memory_server.replay.written.ways import Declared

_NUMBERS = (names.PNL, names.REALIZED_PNL, *names.OF_OBSERVATIONS, *names.POLICY_PNL)


@dataclass(slots=True)
class TableReading:
    """One table, read as one format.

    Attributes:
        table: where the rows are.
        format: what it was recognised as.
        columns: what the columns that are read are called in the table, by our names.
        mapped: those of our names that the user mapped.
        strategy: whose rows are read, where a format does not pool those of several; None: there has to be one.
        in_two: by our names the two columns that hold a time together.
        rows: number of rows that were given out as results, or are none that can be read, so far.
        left_out: how many rows are no results, so far, by what they are.
        currencies: how many results that are not 0 are in which currency, so far, as a column of the table says.
    """

    table: Table
    format: Format
    columns: Mapping[str, str]
    mapped: frozenset[str] = frozenset()
    strategy: str | None = None
    in_two: Mapping[str, DateAndTime] = field(default_factory=dict)
    rows: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    currencies: Counter[str] = field(default_factory=Counter)
    _strategies: dict[str, None] = field(default_factory=dict)
    _noted: dict[str, None] = field(default_factory=dict)
    _with_result: Counter[str] = field(default_factory=Counter)

    @property
    def declared(self) -> dict[str, Declared]:
        """What the format, or the name of a column, tells of how columns are written, by our names."""
        by_format = {ours: known for ours, known in self.format.declared.items() if ours not in self.mapped}
        return by_format | {
            ours: replace(
                by_format.get(ours, Declared()), zone=zone_of(self.zone_said(ours)), percent=self._is_percent(ours)
            )
            for ours in self.columns
        }

    def zone_said(self, ours: str) -> str:
        """Return the zone that the name of a column of times says; empty where it says none."""
        if ours not in (names.TIME, names.OPENED) or ours not in self.columns:
            return ""
        both = self.in_two.get(ours)
        named = [self.columns[ours]] if both is None else [both.clock, both.date]
        return next(filter(None, (without_zone(each)[1] for each in named)), "")

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth telling of how it is read."""
        return (*self.table.notes, *self._noted)

    def note(self, said: str) -> None:
        """Tell something more of how it was read."""
        self._noted[said] = None

    def _is_percent(self, ours: str) -> bool:
        """Tell whether the name says percent, where that is no name of a tool's for fractions."""
        theirs = self.columns[ours]
        is_known = self.format not in (OWN_COLUMNS, COMMON_NAMES) and ours not in self.mapped
        return ours in _NUMBERS and says_percent(theirs) and not is_known and theirs not in self.format.fractions

    def pages(self) -> Iterator[TablePage]:
        """Read the rows that are results, under our names of columns.

        Raises:
            ReplayError: they cannot be read, or are those of several strategies.
        """
        self.rows, self.left_out, self._strategies, self.currencies = 0, {}, {}, Counter()
        self._with_result.clear()
        # Of a map, an error that says StopIteration would be the end.
        pages = (self._rows_alone(page) for page in self.table.pages())
        try:
            for page in self.format.rows(pages) if self.format.rows else pages:
                results = self._of_strategy(self._results(page))
                self._count_currencies(results)
                yield self._ours(results)
        except UnclearRowsError as error:
            raise ReplayError(f"{self.table.shown}: {error}") from None
        self._require_one_strategy()
        for kept, rows in self._with_result.items():
            if rows:
                self.note(f"{rows:,} rows {kept}")

    @property
    def currency_column(self) -> str | None:
        """The column that says in which currency a pnl is; None where none does."""
        return found(self.format.currency, self.table.columns)

    def _count_currencies(self, page: TablePage) -> None:
        pnl = next((self.columns[name] for name in (names.PNL, names.REALIZED_PNL) if name in self.columns), None)
        column = self.currency_column
        if column is None or pnl is None or column not in page.columns or pnl not in page.columns:
            return
        cells = page.columns[column]
        currency_of = {cell: currency_said(column, text_of(cell)) for cell in set(cells)}
        if len(set(currency_of.values())) > 1:
            # Nothing is 0 of every currency.
            cells = list(compress(cells, map(is_not_zero, page.columns[pnl])))
        self.currencies.update(filter(None, map(currency_of.__getitem__, cells)))

    def _rows_alone(self, page: TablePage) -> TablePage:
        """Return a page of the table without the rows that name columns again, and without totals."""
        require_known_names(self.table, page)
        time = self.columns.get(names.TIME, "")
        has_words = has_words_for_times(page, time)
        if has_words:
            page = self._kept(page, rows_without_names(self.table, page, time), NAMES_AGAIN, whole=True)
        if self.format in (OWN_COLUMNS, COMMON_NAMES) and (has_words or len(page.lines) < PAGE_ROWS):
            page = self._kept(page, rows_without_totals(page, self.columns), TOTALS, whole=True)
        return page

    def _since_1900(self, page: TablePage) -> TablePage:
        """Return a page whose times count their days from 1900, as those of other spreadsheets."""
        times = {self.columns[ours] for ours in (names.TIME, names.OPENED) if ours in self.columns}
        times |= {both.date for both in self.in_two.values()}
        moved = {name: days_since_1900(page.columns[name]) for name in times if name in page.columns}
        if any(cells != page.columns[name] for name, cells in moved.items()):
            self._noted["its workbook counts days from 1904"] = None
        return overlaid(page, moved)

    def _ours(self, page: TablePage) -> TablePage:
        if self.table.is_since_1904:
            page = self._since_1900(page)
        columns: dict[str, Sequence[Cell]] = {
            ours: page.columns[theirs] for ours, theirs in self.columns.items() if theirs in page.columns
        }
        for ours, both in self.in_two.items():
            if both.date in page.columns and both.clock in page.columns:
                alone, columns[ours] = list(columns[ours]), both.joined(page.columns)
                if columns[ours] != alone:
                    self._noted[f"{both.date} and {both.clock} put together"] = None
        for ours, cells in columns.items() if self.table.is_sheet else ():
            if self._is_percent(ours) and any(cell for cell in cells if isinstance(cell, int | float)):
                raise UnclearRowsError(
                    f"column {self.columns[ours]!r} says percent, and a workbook that shows 0.52% may hold 0.0052 or "
                    "0.52: save the sheet as CSV"
                )
        rows = len(page.lines)
        if self.format.kind and names.KIND not in columns:
            columns[names.KIND] = [self.format.kind] * rows
        # The same trades in a table of their own stand under no name.
        if 0 < self.format.strategy_in_path <= len(self.table.path) and names.STRATEGY not in columns:
            columns[names.STRATEGY] = [self.table.path[-self.format.strategy_in_path]] * rows
        self.rows += rows + len(page.broken)
        return TablePage(columns, page.lines, page.broken, page.read_share)

    def _results(self, page: TablePage) -> TablePage:
        for results in self.format.results:
            for column in filter(page.columns.__contains__, self._columns_of(results)):
                kept = [results.is_result(cell) for cell in page.columns[column]]
                if results.kept and not all(kept):
                    are_results, kept = sum(kept), list(map(or_, kept, self._earn(page)))
                    self._with_result[results.kept] += sum(kept) - are_results
                page = self._kept(page, kept, results.others)
        return page

    def _columns_of(self, results: Results) -> list[str]:
        """Return the columns that say which rows are results: a tool's is known, of others each may say of some."""
        columns = [*self.table.columns, *self.format.made]
        if self.format in (OWN_COLUMNS, COMMON_NAMES):
            return all_called(results.column, columns)
        column = found(results.column, columns)
        return [] if column is None else [column]

    def _earn(self, page: TablePage) -> list[bool]:
        """Tell which rows have a result that is not 0."""
        cells = self._cells_of_results(page)
        earn = [any(is_given(cell) and is_not_zero(cell) for cell in row) for row in zip(*cells, strict=True)]
        return earn if cells else [False] * len(page.lines)

    def _cells_of_results(self, page: TablePage) -> list[Sequence[Cell]]:
        read = [self.columns[name] for name in (names.PNL, names.REALIZED_PNL) if name in self.columns]
        return [page.columns[name] for name in read if name in page.columns]

    def _of_strategy(self, page: TablePage) -> TablePage:
        column = self.columns.get(names.STRATEGY)
        if column is None or column not in page.columns or not (self.strategy or self.format.strategies_apart):
            return page
        strategies = list(map(text_of, page.columns[column]))
        self._strategies |= dict.fromkeys(strategies)
        if self.strategy is None:
            return page
        kept = [
            each == self.strategy or (not each and is_nobodys)
            for each, is_nobodys in zip(strategies, self._of_nobody(page), strict=True)
        ]
        return self._kept(page, kept, "trades of other strategies")

    def _of_nobody(self, page: TablePage) -> list[bool]:
        """Tell which rows can be those of no strategy: observations."""
        if self.format.strategies_apart:
            return [False] * len(page.lines)
        kinds = [text_of(cell).casefold() for cell in page.columns.get(self.columns.get(names.KIND, ""), ())]
        if any(kinds):
            return [kind in ("regime", "portfolio") for kind in kinds]
        cells = self._cells_of_results(page)
        return [not any(map(is_given, row)) for row in zip(*cells, strict=True)] if cells else [True] * len(page.lines)

    @property
    def strategies(self) -> Sequence[str]:
        """Whose trades it holds, where those of several are never pooled; known once its pages were read.

        Of an export whose files may be apart for another reason, as by symbol, that is not known.
        """
        step = self.format.strategy_in_path
        if self.format.strategies_apart:
            return [] if self.format.is_run else list(filter(None, self._strategies))
        return [self.table.path[-step]] if 0 < step <= len(self.table.path) else []

    @property
    def has_strategy(self) -> bool:
        """Whether there is the strategy that is asked for, so far."""
        return self.strategy in self._strategies or self.strategy in self.table.path

    def _kept(self, page: TablePage, kept: Sequence[bool], others: str, *, whole: bool = False) -> TablePage:
        """Return the rows that are kept, with what is read of them or whole, and count the others."""
        if all(kept):
            return page
        self.left_out[others] = self.left_out.get(others, 0) + len(kept) - sum(kept)
        wanted = page.columns if whole else self._wanted(page)
        columns = {name: list(compress(page.columns[name], kept)) for name in wanted if name in page.columns}
        return TablePage(columns, list(compress(page.lines, kept)), page.broken, page.read_share)

    def _wanted(self, page: TablePage) -> set[str]:
        return {
            *self.columns.values(),
            *(column for each in self.format.results for column in self._columns_of(each)),
            *(name for both in self.in_two.values() for name in both[:2]),
            self.currency_column or "",
        }

    def _require_one_strategy(self) -> None:
        if self.strategy is None and len(self._strategies) > 1:
            raise ReplayError(
                f"{self.table.shown}: holds the trades of {len(self._strategies)} strategies, "
                f"{', '.join(self._strategies)}; together they are the record of nobody: choose one with --strategy"
            )
        if self.strategy and self.format.strategies_apart and not self.has_strategy and self._strategies:
            raise ReplayError(
                f"{self.table.shown}: has no strategy {self.strategy!r}; it holds {', '.join(self._strategies)}"
            )
