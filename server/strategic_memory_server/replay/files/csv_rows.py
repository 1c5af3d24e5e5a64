"""Rows of a CSV file; the first line names the columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import PAGE_ROWS, Page

DELIMITERS = ",;\t|"


def csv_pages(path: Path) -> Iterator[Page]:
    """Read a CSV file: comma, semicolon, tab or bar between the fields, whichever the first line has most of.

    Raises:
        ReplayError: it has no line that names columns, or that line names one twice.
    """
    size = max(path.stat().st_size, 1)
    # A byte that is not UTF-8 stays in its cell, and is refused there.
    with (
        path.open("rb") as binary,
        io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline="") as file,
    ):
        first = file.readline()
        delimiter = max(DELIMITERS, key=first.count)
        names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
        if not any(names):
            raise ReplayError(f"{path}: the first line has to name the columns, and it is empty")
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            raise ReplayError(f"{path}: the first line names {', '.join(twice)} more than once; which one counts?")
        reader = _Reader(file, delimiter, names)
        while not reader.ended:
            columns, lines, broken = reader.read()
            yield Page(columns, lines, broken, min(binary.tell() / size, 1.0) if binary.seekable() else 0.0)


_Rows = tuple[Mapping[str, Sequence[str]], Sequence[int], Sequence[tuple[int, str]]]
"""The columns of some rows, the line of each, and what is no row."""


class _Reader:
    """Reads rows of as many fields as there are columns."""

    def __init__(self, file: TextIO, delimiter: str, names: Sequence[str]) -> None:
        self._file = file
        self._delimiter = delimiter
        self._names = names
        self._lines_read = 1
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
