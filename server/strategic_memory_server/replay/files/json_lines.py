"""The table of a file with one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from types import NoneType

from strategic_memory_server.replay.files.json_once import ONCE, GivenTwiceError
from strategic_memory_server.replay.files.page import PAGE_ROWS, Cell, TablePage
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table

_CELLS = (str, float, int, NoneType)

MAX_LINE_BYTES = 1 << 20
"""Longest line that is read as one."""


NAMES_AT_ONCE, NAMES_FROM_ROWS = 200, PAGE_ROWS
"""So many rows say which columns there are: the first ones whatever they have, the others as long as names are few."""

MOST_NAMES = 256
"""So many names of a list of objects are few; more are hardly names of columns."""


def json_line_table(source: Source) -> Table:
    """Return the table of a file of JSON lines. Empty lines are passed over."""
    names: dict[str, None] = {}
    for page in islice(_pages(source, NAMES_AT_ONCE), NAMES_FROM_ROWS // NAMES_AT_ONCE):
        if len(names) < MOST_NAMES:
            names |= dict.fromkeys(page.columns)
    return Table(source.shown, (), tuple(names), lambda: _pages(source, PAGE_ROWS))


def _pages(source: Source, rows_at_once: int) -> Iterator[TablePage]:
    with source.open() as file:
        rows: list[Mapping[str, object]] = []
        lines: list[int] = []
        broken: list[tuple[int, str]] = []
        number = 0
        while line := file.readline(MAX_LINE_BYTES):
            number += 1
            if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                broken.append((number, "line_too_long"))
                while line and not line.endswith(b"\n"):
                    line = file.readline(MAX_LINE_BYTES)
                continue
            row = _read(line)
            if isinstance(row, str):
                broken.append((number, row))
            elif row is not None:
                rows.append(row)
                lines.append(number)
            if len(rows) + len(broken) >= rows_at_once:
                yield page_of(rows, lines, broken, file.tell() / source.size)
                rows, lines, broken = [], [], []
        yield page_of(rows, lines, broken, 1.0)


def page_of(
    rows: Sequence[Mapping[str, object]], lines: Sequence[int], broken: Sequence[tuple[int, str]], read_share: float
) -> TablePage:
    """Make a page of objects, which need not have the same names."""
    return TablePage(_Columns(rows), lines, broken, min(read_share, 1.0))


class _Columns(Mapping[str, Sequence[Cell]]):
    """Columns of objects, made when they are asked for: most are not, and there may be any number of names."""

    def __init__(self, rows: Sequence[Mapping[str, object]]) -> None:
        self._rows = rows
        self._names = dict.fromkeys(chain.from_iterable(rows))

    def __getitem__(self, name: str) -> Sequence[Cell]:
        if name not in self._names:
            raise KeyError(name)
        return cells_of([row.get(name) for row in self._rows])

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _read(line: bytes) -> Mapping[str, object] | str | None:
    """Read one line: an object, the reason why it is none, or nothing for an empty one."""
    if line.isspace():
        return None
    try:
        row = ONCE.decode(line.decode(json.detect_encoding(line), "surrogatepass"))
    except GivenTwiceError:
        return "name_given_twice"
    except (ValueError, RecursionError):
        return "not_json"
    return row if isinstance(row, dict) else "not_an_object"


def cells_of(values: Sequence[object]) -> list[Cell]:
    """Return values as cells; a list or an object is its JSON, and no number."""
    return [value if isinstance(value, _CELLS) else json.dumps(value) for value in values]
