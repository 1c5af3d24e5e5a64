"""Tables in text with a delimiter between the fields."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TextIO

from strategic_memory_server.replay.files.csv_layout import LOOKED_AT, Layout, is_value, layout_of, names_below
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.grid import GridRow, grid_tables, is_divided
from strategic_memory_server.replay.files.open_quotes import NOT_CLOSED, checked_rows, not_closed, takes_in_rows
from strategic_memory_server.replay.files.page import PAGE_ROWS, TablePage
from strategic_memory_server.replay.files.source import HEAD_BYTES, Source
from strategic_memory_server.replay.files.table import Table, headings
from strategic_memory_server.replay.files.text_encoding import opened_text

_END_OF_LINE = re.compile("\r\n?|\n")
_MARKS = frozenset({"BOF", "BOA", "BOS", "EOS", "EOA", "EOF", "MSG"})
"""Lines that tell where parts of a broker's file begin and end."""


def csv_tables(source: Source, encoding: str) -> list[Table]:
    """Return the tables of a CSV file, whose fields are divided by comma, semicolon, tab or bar.

    Raises:
        ReplayError: no line names the columns.
    """
    sample = _sample(source, encoding)
    layout = layout_of(sample)
    if layout is None:
        raise ReplayError(f"{source.shown}: a line has to name the columns, and every line is empty")
    delimiter, lines = layout.delimiter, layout.lines
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    if is_divided(_rows((reader.line_num, row) for row in islice(reader, LOOKED_AT))):
        with opened_text(source, encoding) as text:
            return grid_tables(source, _rows(checked_rows(text, delimiter, source.shown)), of_text=True)
    _require_names(source, layout)
    columns = headings(layout.header)
    notes = [f"{layout.passed_over} lines before the column names"] if layout.passed_over else []
    notes += ["read as Windows-1252"] if encoding == "cp1252" else []
    return [Table(source.shown, (), columns, lambda: _pages(source, encoding, delimiter, columns, lines), tuple(notes))]


def _rows(rows: Iterable[tuple[int, list[str]]]) -> list[GridRow]:
    """Return rows but for those that tell where parts of a file begin and end; what is no row ends them.

    Raises:
        csv.Error: a row is none.
    """
    return [(line, row) for line, row in rows if not row or row[0] not in _MARKS]


def _require_names(source: Source, layout: Layout) -> None:
    """Refuse names of columns that take in rows, or stand below some.

    Raises:
        ReplayError: they do.
    """
    if layout.row_above:
        raise ReplayError(f"{source.shown}: {names_below(layout.row_above, layout.lines)}")
    # CSV knows two ends of lines, Python more.
    lines = (line for name in layout.header for line in _END_OF_LINE.split(name)[1:])
    below = [line.split(layout.delimiter) for line in lines]
    if any(len(fields) == len(layout.header) and any(map(is_value, fields)) for fields in below):
        raise ReplayError(not_closed(source.shown, layout.lines - len(below)))


def _sample(source: Source, encoding: str) -> str:
    """Return the first lines, whole ones."""
    with opened_text(source, encoding) as text:
        sample = text.read(HEAD_BYTES)
        return sample if len(sample) < HEAD_BYTES else sample + text.readline()


def _pages(source: Source, encoding: str, delimiter: str, columns: Sequence[str], lines: int) -> Iterator[TablePage]:
    with opened_text(source, encoding) as text:
        for _ in range(lines):
            text.readline()
        reader = _Reader(text, delimiter, columns, lines)
        while not reader.ended:
            cells, places, broken = reader.read()
            yield TablePage(cells, places, broken, min(text.buffer.tell() / source.size, 1.0))


_Rows = tuple[Mapping[str, Sequence[str]], Sequence[int], Sequence[tuple[int, str]]]
"""The columns of some rows, the line of each, and what is no row."""


class _Reader:
    """Reads rows of as many fields as there are columns."""

    def __init__(self, file: TextIO, delimiter: str, names: Sequence[str], lines_read: int) -> None:
        self._file = file
        self._delimiter = delimiter
        self._names = names
        self._lines_read = lines_read
        self.ended = False

    def read(self) -> _Rows:
        """Read the rows that begin on the next lines, about a page of them."""
        lines = list(islice(self._file, PAGE_ROWS))
        self.ended = len(lines) < PAGE_ROWS
        return self._plain(lines) or self._parsed(lines)

    def _plain(self, lines: Sequence[str]) -> _Rows | None:
        """Read lines of which each is a row as it stands, in a third of the time; None where one may be none."""
        text = "".join(lines)
        width, first = len(self._names), self._lines_read + 1
        nothing = self._delimiter * (width - 1)
        if (
            '"' in text
            or width < 2
            or text.startswith(nothing)
            or f"\n{nothing}" in text
            or set(map(str.count, lines, self._delimiter * len(lines))) != {width - 1}
            or max(map(len, lines)) > csv.field_size_limit()
        ):
            return None
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        cells = text.removesuffix("\n").replace("\n", self._delimiter).split(self._delimiter)
        self._lines_read += len(lines)
        columns = {name: cells[place::width] for place, name in enumerate(self._names)}
        return columns, range(first, first + len(lines)), ()

    def _parsed(self, lines: list[str]) -> _Rows:
        """Read lines with all that a row can be: within quotes it may go on beyond them."""
        width, on_page = len(self._names), len(lines)
        source = csv.reader(chain(tuple(lines), self._beyond(lines)), delimiter=self._delimiter)
        rows: list[list[str]] = []
        places: list[int] = []
        broken: list[tuple[int, str]] = []
        while (begun := source.line_num) < on_page:
            try:
                row = next(source)
            except csv.Error:
                row = None
            ended = source.line_num
            if ended > begun + 1 and takes_in_rows(lines[begun:ended], self._delimiter, rows or [row or self._names]):
                broken += [(self._lines_read + line, NOT_CLOSED) for line in range(begun + 1, ended + 1)]
            elif row is None:
                broken.append((self._lines_read + ended, "not_csv"))
            elif not any(row):
                # Spreadsheets write rows that nobody filled.
                continue
            elif len(row) == width:
                rows.append(row)
                places.append(self._lines_read + ended)
            else:
                reason = "too_few_fields" if len(row) < width else "too_many_fields"
                broken.append((self._lines_read + ended, reason))
        self._lines_read += source.line_num
        columns = dict(zip(self._names, zip(*rows, strict=True), strict=True)) if rows else {}
        return columns, places, broken

    def _beyond(self, lines: list[str]) -> Iterator[str]:
        """Read on beyond the lines of a page, and keep what is read with them."""
        for line in self._file:
            lines.append(line)
            yield line
