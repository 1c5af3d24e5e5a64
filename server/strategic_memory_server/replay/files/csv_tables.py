"""Tables in text with a delimiter between the fields."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TextIO

from strategic_memory_server.replay.files.csv_layout import LOOKED_AT, layout_of
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.grid import Row, grid_tables, is_divided
from strategic_memory_server.replay.files.page import PAGE_ROWS, Page
from strategic_memory_server.replay.files.source import HEAD_BYTES, Source
from strategic_memory_server.replay.files.table import Table, distinct
from strategic_memory_server.replay.files.text_encoding import opened_text

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
    if is_divided(_rows(io.StringIO(sample, newline=""), layout.delimiter, LOOKED_AT)):
        with opened_text(source, encoding) as text:
            return grid_tables(source, _rows(text, layout.delimiter), of_text=True)
    columns = distinct(layout.header)
    delimiter, lines = layout.delimiter, layout.lines
    notes = [f"{layout.passed_over} lines before the column names"] if layout.passed_over else []
    notes += ["read as Windows-1252"] if encoding == "cp1252" else []
    return [Table(source.shown, (), columns, lambda: _pages(source, encoding, delimiter, columns, lines), tuple(notes))]


def _rows(text: TextIO, delimiter: str, most: int | None = None) -> list[Row]:
    """Read rows, all or the first ones; what is no row ends it.

    Raises:
        csv.Error: a row is none.
    """
    reader = csv.reader(text, delimiter=delimiter)
    return [(reader.line_num, row) for row in islice(reader, most) if not row or row[0] not in _MARKS]


def _sample(source: Source, encoding: str) -> str:
    """Return the first lines, whole ones."""
    with opened_text(source, encoding) as text:
        sample = text.read(HEAD_BYTES)
        return sample if len(sample) < HEAD_BYTES else sample + text.readline()


def _pages(source: Source, encoding: str, delimiter: str, columns: Sequence[str], lines: int) -> Iterator[Page]:
    with opened_text(source, encoding) as text:
        for _ in range(lines):
            text.readline()
        reader = _Reader(text, delimiter, columns, lines)
        while not reader.ended:
            cells, places, broken = reader.read()
            yield Page(cells, places, broken, min(text.buffer.tell() / source.size, 1.0))


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
        if (
            '"' in text
            or width < 2
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

    def _parsed(self, lines: Sequence[str]) -> _Rows:
        """Read lines with all that a row can be: within quotes it may go on beyond them."""
        source = csv.reader(chain(lines, self._file), delimiter=self._delimiter)
        width = len(self._names)
        rows: list[list[str]] = []
        places: list[int] = []
        broken: list[tuple[int, str]] = []
        while source.line_num < len(lines):
            try:
                row = next(source)
            except csv.Error:
                broken.append((self._lines_read + source.line_num, "not_csv"))
                continue
            if len(row) == width:
                rows.append(row)
                places.append(self._lines_read + source.line_num)
            elif row:
                reason = "too_few_fields" if len(row) < width else "too_many_fields"
                broken.append((self._lines_read + source.line_num, reason))
        self._lines_read += source.line_num
        columns = dict(zip(self._names, zip(*rows, strict=True), strict=True)) if rows else {}
        return columns, places, broken
