"""FileReading: the usable entries of files, page by page, with what was refused and which columns there were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from strategic_memory_server.replay.files.column_names import NEEDED
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell, Page
from strategic_memory_server.replay.formats.choosing import NAMES_TOLD, readings_of
from strategic_memory_server.replay.formats.column_map import ColumnMap, require_mapped
from strategic_memory_server.replay.formats.reading import TableReading
from strategic_memory_server.replay.record.entry_columns import EntryColumns, EntryReader, Kind
from strategic_memory_server.replay.record.record import Progress
from strategic_memory_server.replay.record.rejected_rows import RejectedRows


@dataclass(frozen=True, slots=True, eq=False)
class UsablePage:
    """What could be used of a page.

    Attributes:
        file: the file that it is of.
        entries: the usable entries.
        columns: the cells of all rows, by our names of columns.
        refused: the reason for each row that cannot be used, by its place in the columns.
    """

    file: Path
    entries: EntryColumns
    columns: Mapping[str, Sequence[Cell]]
    refused: Mapping[int, str]


class FileReading:
    """One reading of some files.

    Args:
        files: what to read.
        names: the files' names of columns.
        default_kind: what a row is that does not say it; None: what its columns say.
        reading: told how much of the files has been read, 0 to 1.
        strategy: whose trades are read, where an export holds those of several.

    Attributes:
        reader: what was read into entries; knows the regimes and strategies by their codes.
        rejected: rows that could not be used.
        tables: the tables that were read, and as what.
    """

    def __init__(
        self,
        files: Sequence[Path],
        names: ColumnMap,
        default_kind: Kind | None,
        reading: Progress,
        strategy: str | None = None,
    ) -> None:
        self.reader, self.rejected = EntryReader(default_kind), RejectedRows()
        self._files, self._names, self._strategy = files, names, strategy
        self._reading = reading
        self.tables: list[TableReading] = []
        self._columns: dict[str, None] = {}

    def pages(self) -> Iterator[UsablePage]:
        """Yield what can be used of each page that has rows.

        Raises:
            ReplayError: a file cannot be read, or what is mapped is in none of them.
        """
        self._names.require_files(self._files)
        for number, file in enumerate(self._files):
            tables = readings_of(file, self._names.of(file), self._strategy)
            self.tables += tables
            own: dict[str, None] = dict.fromkeys(name for each in tables for name in each.table.columns)
            require_mapped(self._names.own(file), own, f"{file.name} has not")
            self._columns.update(own)
            for place, table in enumerate(tables):
                for page in table.pages():
                    yield from self._usable(file, page)
                    self._reading((number + (place + page.read_share) / len(tables)) / len(self._files))
        require_mapped(self._names.everywhere, self._columns)

    def _usable(self, file: Path, page: Page) -> Iterator[UsablePage]:
        for line, reason in page.broken:
            self.rejected.add(file.name, line, reason)
        if page.lines:
            entries, refused = self.reader.read(page.columns, len(page.lines))
            for row, reason in sorted(refused.items()):
                self.rejected.add(file.name, page.lines[row], reason)
            yield UsablePage(file, entries, page.columns, refused)

    def nothing_usable(self) -> ReplayError:
        """Return the error for files of which no row can be used."""
        told = f" Refused: {self.rejected.told()}." if self.rejected.rows else " There are no rows."
        found = ", ".join(list(self._columns)[:NAMES_TOLD]) or "none"
        files = ", ".join(str(file) for file in self._files)
        return ReplayError(f"no usable row in {files}.{told} Columns found: {found}; {NEEDED}")
