"""FileReading: the usable entries of files, page by page, with what was refused and which columns there were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import numpy as np

from strategic_memory_server.replay.files.column_names import OPENED, PNL, REALIZED_PNL, TIME
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import TablePage
from strategic_memory_server.replay.formats.choosing import readings_of
from strategic_memory_server.replay.formats.column_map import ColumnMap, require_mapped
from strategic_memory_server.replay.formats.one_zone import require_one_zone
from strategic_memory_server.replay.formats.reading import TableReading
from strategic_memory_server.replay.formats.zone_beside import note_zone_beside
from strategic_memory_server.replay.record.entry_columns import EntryColumns, EntryReader, Kind, ReadRows
from strategic_memory_server.replay.record.impossible_times import require_possible, require_since
from strategic_memory_server.replay.record.nothing_usable import nothing_usable
from strategic_memory_server.replay.record.one_unit import require_one_currency, unit_of
from strategic_memory_server.replay.record.record import Progress
from strategic_memory_server.replay.record.refused_signs import signs_of
from strategic_memory_server.replay.record.rejected_rows import RejectedRows
from strategic_memory_server.replay.record.row_signs import RowSigns
from strategic_memory_server.replay.record.running_total import require_no_running_total
from strategic_memory_server.replay.record.signs_apart import note_sums, note_zeros, require_signs
from strategic_memory_server.replay.record.table_read import TableRead, table_read
from strategic_memory_server.replay.written.seen import shown
from strategic_memory_server.replay.written.two_passes import read_in_its_way
from strategic_memory_server.replay.written.ways import Declared, Ways

_CURES = {
    "too_many_fields": "a field that holds the separator, a date such as Friday, 05/17/2024, needs quotes",
    "name_given_twice": "an object has one value for each of its names",
    "holds_elements": "rows are elements with attributes and nothing else",
}
"""What mends a line that is no row."""


@dataclass(frozen=True, slots=True, eq=False)
class UsablePage:
    """What could be used of a page.

    Attributes:
        file: the file that it is of.
        table: the place of its table among those that are read.
        entries: the usable entries.
        trade_ids: the trade of each, empty where it has none; () where nobody asks.
    """

    file: Path
    table: int
    entries: EntryColumns
    trade_ids: Sequence[str]


class FileReading:
    """One reading of some files.

    Args:
        files: what to read.
        names: the files' names of columns.
        reader: reads rows into entries; knows the regimes and strategies by their codes.
        reading: told how much of the files has been read, 0 to 1.
        strategy: whose trades are read, where an export holds those of several.
        declared: what is known of how numbers and times are written.

    Attributes:
        rejected: rows that could not be used.
        unrecognised_policies: how many usable rows name a policy that is none.
        tables: what was read of each table, and as what.
        results_meant: of each of them, whether the user mapped its results.
        written: how the columns of each of them are written, by our names: by what a message calls the table.
        zone: of times that name none.
    """

    def __init__(
        self,
        files: Sequence[Path],
        names: ColumnMap,
        reader: EntryReader,
        reading: Progress,
        strategy: str | None = None,
        declared: Declared | None = None,
    ) -> None:
        self.rejected = RejectedRows()
        self.unrecognised_policies = 0
        self.tables: list[TableRead] = []
        self.results_meant: list[bool] = []
        self.written: dict[str, Mapping[str, str]] = {}
        self._reader, self._files, self._names, self._strategy = reader, files, names, strategy
        self._reading, self._declared = reading, declared or Declared()
        self.zone = self._declared.zone or UTC
        self._columns: dict[str, None] = {}
        self._has_strategy = False
        self._file_of: dict[str, Path] = {}

    def pages(self) -> Iterator[UsablePage]:
        """Yield what can be used of each page that has rows.

        Raises:
            ReplayError: a file cannot be read, or what is mapped is in none of them.
        """
        self._names.require_files(self._files)
        for number, file in enumerate(self._files):
            tables = readings_of(file, self._names.of(file), self._strategy)
            own: dict[str, None] = dict.fromkeys(name for each in tables for name in each.table.columns)
            require_mapped(self._names.own(file), own, f"{file.name} has not")
            self._columns.update(own)
            for place, table in enumerate(tables):
                yield from self._usable(file, table, (number + place / len(tables), 1 / len(tables)))
        require_mapped(self._names.everywhere, self._columns)
        if self._strategy and not self._has_strategy:
            raise ReplayError(f"--strategy {self._strategy}: no file has trades of a strategy of that name")

    def _usable(self, file: Path, table: TableReading, share: tuple[float, float]) -> Iterator[UsablePage]:
        """Yield what can be used of a table, once it is known how the whole of it is written."""
        called = _called(table)
        if called in self.written:
            # Tables of one file need not have titles.
            called += f": table {sum(each.file == str(file) for each in self.tables) + 1}"
        for ours in (TIME, OPENED):
            require_one_zone(table.table.shown, table.columns.get(ours, ""), table.zone_said(ours), self._declared.zone)
        note_zone_beside(table, self._declared.zone)
        first: RowSigns | None = None
        unit = ""

        def read(page: TablePage, ways: Ways) -> tuple[Sequence[tuple[int, str]], ReadRows]:
            nonlocal unit
            unit = unit_of(table, ways, one_unit=self._declared.one_unit)
            rows = self._reader.read(page.columns if page.lines else {}, page.lines, ways)
            nonlocal first
            first = first or self._reader.signs
            self._reading((share[0] + share[1] * page.read_share) / len(self._files))
            return page.broken, rows

        def read_table() -> tuple[Sequence[tuple[Sequence[tuple[int, str]], ReadRows]], Mapping[str, str]]:
            return read_in_its_way(called, table.pages, read, self._declared, table.declared, table.columns)

        self._reader.begin_table()
        pages, told = read_table()
        if first is not None and first != self._reader.signs:
            # What rows further down show holds for those above them.
            self._reader.begin_table(self._reader.signs)
            pages, told = read_table()
        require_possible(called, [each for _, rows in pages for each in rows.impossible], table.columns)
        if TIME not in table.mapped:
            require_since(called, table.format.since, [rows.entries.time_ms for _, rows in pages])
        self.written[called] = told
        self._has_strategy = self._has_strategy or table.has_strategy
        self._require_one_strategy(file, table)
        kinds = sum(
            (np.bincount(rows.entries.kind, minlength=len(Kind)) for _, rows in pages), np.zeros(len(Kind), int)
        )
        if not self._declared.one_unit:
            require_one_currency(table)
        require_no_running_total(table, self._declared, [kind for kind in Kind if kinds[kind]])
        require_signs(table, [rows.entries for _, rows in pages])
        note_zeros(table, [rows.entries for _, rows in pages])
        note_sums(table)
        self.tables.append(table_read(str(file), called, table, [int(count) for count in kinds], unit))
        self.results_meant.append(not table.mapped.isdisjoint({PNL, REALIZED_PNL}))
        for broken, rows in pages:
            self._count_refused(file, broken, rows)
            if rows.entries.time_ms.size:
                yield UsablePage(file, len(self.tables) - 1, rows.entries, rows.trade_ids)

    def _require_one_strategy(self, file: Path, table: TableReading) -> None:
        """Refuse runs of several strategies in files of their own, as within one file.

        Raises:
            ReplayError: there are some, and the user does not say whose trades are read.
        """
        if self._strategy is not None:
            return
        self._file_of |= {name: file for name in table.strategies if name not in self._file_of}
        if len(self._file_of) > 1:
            (one, first), (other, second) = list(self._file_of.items())[:2]
            raise ReplayError(
                f"{first} holds the trades of the strategy {one}, and {second} those of {other}; together they are the "
                "record of nobody: replay each by itself"
            )

    def _count_refused(self, file: Path, broken: Sequence[tuple[int, str]], rows: ReadRows) -> None:
        # Files of several folders may have one name.
        name = file.name if [each.name for each in self._files].count(file.name) == 1 else str(file)
        for line, reason in broken:
            self.rejected.add(name, line, reason, _CURES.get(reason, ""))
        cells, lines = rows.refusals.cells, rows.refusals.lines
        for row, reason in sorted(rows.refusals.reasons.items()):
            self.rejected.add(name, lines[row], reason, shown(cells[row]) if row in cells else "")
        self.unrecognised_policies += rows.unrecognised_policies
        used = signs_of(rows.entries.pnl)
        self.rejected.signs = self.rejected.signs.with_others(rows.refused_signs)
        self.rejected.used_signs = self.rejected.used_signs.with_others(used)

    def nothing_usable(self) -> ReplayError:
        """Return the error for files of which no row can be used."""
        return nothing_usable(self._files, self.tables, self.rejected, self._columns)


def _called(table: TableReading) -> str:
    """Return what a message calls a table."""
    return ": ".join([table.table.shown, *([", ".join(table.table.path)] if table.table.path else [])])
