"""Rows of a CSV file; the first line names the columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
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
        reader = _Reader(file, delimiter, len(names))
        while not reader.ended:
            rows, lines, broken = reader.read()
            columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
            yield Page(columns, lines, broken, min(binary.tell() / size, 1.0) if binary.seekable() else 0.0)


class _Reader:
    """Reads rows of as many fields as there are columns."""

    def __init__(self, file: TextIO, delimiter: str, width: int) -> None:
        self._rows = csv.reader(file, delimiter=delimiter)
        self._width = width
        self.ended = False

    def read(self) -> tuple[list[list[str]], list[int], list[tuple[int, str]]]:
        """Read up to a page of rows: the rows, their lines, and what is no row."""
        rows: list[list[str]] = []
        lines: list[int] = []
        broken: list[tuple[int, str]] = []
        while not self.ended and len(rows) + len(broken) < PAGE_ROWS:
            try:
                self._fill(rows, lines, broken)
            except csv.Error:
                broken.append((self._rows.line_num + 1, "not_csv"))
        return rows, lines, broken

    def _fill(self, rows: list[list[str]], lines: list[int], broken: list[tuple[int, str]]) -> None:
        source, width = self._rows, self._width
        for row in source:
            if len(row) == width:
                rows.append(row)
                lines.append(source.line_num + 1)
            elif row:
                broken.append((source.line_num + 1, "too_few_fields" if len(row) < width else "too_many_fields"))
            if len(rows) + len(broken) >= PAGE_ROWS:
                return
        self.ended = True
