"""Which tables a file holds. What it is says its content, whatever its name ends in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from strategic_memory_server.replay.files.archive import archive_tables, is_workbook, readable
from strategic_memory_server.replay.files.arrow_tables import feather_table, parquet_table
from strategic_memory_server.replay.files.csv_tables import csv_tables
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.html_tables import html_tables
from strategic_memory_server.replay.files.json_document import json_tables
from strategic_memory_server.replay.files.json_lines import json_line_table
from strategic_memory_server.replay.files.json_objects import object_tables
from strategic_memory_server.replay.files.page import TablePage
from strategic_memory_server.replay.files.sections import has_sections, section_tables
from strategic_memory_server.replay.files.source import Source, source_of, unpacked
from strategic_memory_server.replay.files.sqlite_tables import sqlite_tables
from strategic_memory_server.replay.files.table import Table
from strategic_memory_server.replay.files.text_encoding import text_encoding
from strategic_memory_server.replay.files.workbook import workbook_tables
from strategic_memory_server.replay.files.xml_tables import xml_tables

READ = (
    "CSV, JSON lines, JSON, Parquet, feather, xlsx, xls, ods, SQLite, HTML and XML are read, and .gz and .zip of them"
)

_BINARY: Mapping[bytes, Callable[[Source], list[Table]]] = {
    b"PAR1": lambda source: [parquet_table(source)],
    b"ARROW1": lambda source: [feather_table(source)],
    b"SQLite format 3\0": sqlite_tables,
    b"PK": workbook_tables,
    b"\xd0\xcf\x11\xe0": workbook_tables,
}
"""Content that is no text, by the bytes that it begins with."""

_NAMES_IN_BRACKETS = re.compile(r"\ufeff?<\w+>[\t,;]<")
"""How MetaTrader names the columns of candles."""

_DEPTH = 3
"""So many archives may lie within each other."""

_FOREIGN: Mapping[bytes, str] = {
    b"%PDF": "a PDF: export the same report as CSV, HTML or xlsx",
    b"7z\xbc\xaf": "packed by 7-Zip: unpack it",
    b"Rar!": "packed by RAR: unpack it",
    b"BZh": "packed by bzip2: unpack it",
    b"\xfd7zXZ": "packed by xz: unpack it",
    b"(\xb5/\xfd": "packed by zstd: unpack it",
    b"\x89HDF": "HDF5: write it as Parquet",
    b"\x80\x03": "a pickle, which can run any program: write it as Parquet or CSV",
    b"\x80\x04": "a pickle, which can run any program: write it as Parquet or CSV",
    b"\x80\x05": "a pickle, which can run any program: write it as Parquet or CSV",
    b"\x93NUMPY": "an array without names of columns: write it as CSV",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"FEA1": "feather of version 1: write it as version 2",
}


def tables_of(path: Path) -> list[Table]:
    """Return the tables that a file holds, in its order. Their rows are not read yet.

    Raises:
        ReplayError: there is none, or it cannot be read; the message says what to do.
    """
    with readable(str(path)):
        return [_guarded(table) for table in _contents(source_of(path), 0)]


def pages_of(path: Path) -> Iterator[TablePage]:
    """Read the rows of all tables of a file.

    Raises:
        ReplayError: it cannot be read; the message says why.
    """
    for table in tables_of(path):
        if not table.unreadable:
            yield from table.pages()


def _guarded(table: Table) -> Table:
    """Return a table whose reading tells in our words of what goes wrong on the way."""

    def pages() -> Iterator[TablePage]:
        with readable(table.shown):
            yield from table.pages()

    return replace(table, pages=pages)


def _contents(source: Source, depth: int) -> list[Table]:
    head = source.head()
    if not head:
        raise ReplayError(f"{source.shown}: is empty: a line has to name the columns")
    if depth > _DEPTH:
        raise ReplayError(f"{source.shown}: is packed too many times: unpack it")
    if head.startswith(b"\x1f\x8b"):
        return _contents(unpacked(source), depth + 1)
    if head.startswith(b"PK") and not is_workbook(source):
        return archive_tables(source, lambda member: _contents(member, depth + 1))
    for mark, tables in _BINARY.items():
        if head.startswith(mark):
            return tables(source)
    for mark, what in _FOREIGN.items():
        if head.startswith(mark):
            raise ReplayError(f"{source.shown}: is {what}")
    encoding = text_encoding(head)
    if encoding is None:
        raise ReplayError(f"{source.shown}: is no text and nothing else that is known; {READ}")
    return _text_contents(source, head, encoding)


def _text_contents(source: Source, head: bytes, encoding: str) -> list[Table]:
    sample = head.decode(encoding, errors="replace")
    begins = sample.lstrip("\ufeff \t\r\n")[:1]
    if begins == "<" and not _NAMES_IN_BRACKETS.match(sample):
        is_page = any(mark in sample.lower() for mark in ("<html", "<table", "<!doctype html"))
        return html_tables(source, encoding) if is_page else xml_tables(source)
    if begins in ("{", "["):
        # A text may hold what Python takes for the end of a line too, as U+2028.
        if _is_json_lines(sample.split("\n")):
            return [json_line_table(source)]
        found = json_tables(source, encoding) or object_tables(source, encoding)
        return found or json_tables(source, encoding, alone=True) or _no_records(source)
    if has_sections(sample):
        return section_tables(source, encoding)
    return csv_tables(source, encoding)


def _is_json_lines(lines: Sequence[str]) -> bool:
    """Tell whether the first line is an object by itself, and not the only line, or the next two are.

    Of a list with a line for each row the second line may be one, too: where the row is the only one, for example.
    """
    given = [line for line in lines[:200] if line.strip()][:3]
    return len(given) > 1 and (_is_object(given[0]) or all(map(_is_object, given[1:])))


def _is_object(line: str) -> bool:
    try:
        return line.lstrip("\ufeff").startswith("{") and isinstance(json.loads(line.lstrip("\ufeff")), dict)
    except (ValueError, RecursionError):
        return False


def _no_records(source: Source) -> list[Table]:
    raise ReplayError(
        f"{source.shown}: its JSON has no list of objects; a freqtrade backtest export has one under "
        "strategy.<name>.trades"
    )
