"""Tables in an HTML report, as trading terminals save one."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from strategic_memory_server.replay.files.grid import grid_tables
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table
from strategic_memory_server.replay.files.text_encoding import opened_text


def html_tables(source: Source, encoding: str) -> list[Table]:
    """Return the tables of a page. A cell that is not shown (class `hidden`) is none."""
    parser = _Rows()
    with opened_text(source, encoding) as text:
        while part := text.read(1 << 16):
            parser.feed(part)
    parser.close()
    return grid_tables(source, parser.rows)


_MOST_SPANNED = 100
"""So many rows or columns a cell of a page may go over."""


_NUMBER = re.compile(r"[^\w:]*\d[\d\s.,'\u2019]*[^\w:]*[A-Za-z]{0,4}")
"""A sum of money, a share, a count: with signs and a currency before or behind it."""

_TITLES = frozenset({"caption", "h1", "h2", "h3", "h4", "h5", "h6"})
"""What a table below them is called."""


class _Rows(HTMLParser):
    """Collects the cells of all rows of all tables, with an empty row before each table: it is none below the last.

    A cell that goes over several columns is followed by empty ones. One that goes over several rows stands in each, but
    for a number, which is that of all of them together: it stands in the first, and in the others is nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, list[str]]] = []
        self._number = 0
        self._cell: list[str] | None = None
        self._columns, self._rows = 1, 1
        self._in_row, self._is_title = False, False
        self._from_above: dict[int, tuple[str, int]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._end_row()
            self._from_above, self._in_row = {}, False
            self.rows.append((self._number, []))
        elif tag == "tr":
            self._end_row()
            self._number += 1
            self._in_row = True
            self.rows.append((self._number, []))
        elif tag in ("td", "th"):
            self._end_cell()
            given = dict(attrs)
            hidden = "hidden" in (given.get("class") or "").split()
            self._cell = None if hidden else []
            self._columns, self._rows = (_spanned(given.get(name)) for name in ("colspan", "rowspan"))
        elif tag in _TITLES and not self._in_row:
            self._end_row()
            self._from_above = {}
            self.rows.append((self._number, []))
            self._cell, self._columns, self._rows, self._is_title = [], 1, 1, True
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self._end_row()
            self._in_row = False
            if tag == "table":
                self._from_above = {}
        elif tag in _TITLES and self._is_title:
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def close(self) -> None:
        super().close()
        self._end_row()

    def _end_row(self) -> None:
        self._end_cell()
        cells = self.rows[-1][1] if self.rows else []
        if not cells and self._in_row:
            # It has no cells of its own; those from above go over it all the same, and make it no row.
            self._from_above = {place: (text, rows - 1) for place, (text, rows) in self._from_above.items() if rows > 1}
        if cells:
            self._take_from_above(cells)
            for place in sorted(place for place in self._from_above if place >= len(cells)):
                cells += [""] * (place - len(cells))
                self._take_from_above(cells)

    def _end_cell(self) -> None:
        if self._cell is not None and self.rows:
            cells = self.rows[-1][1]
            self._take_from_above(cells)
            for text in (" ".join("".join(self._cell).split()), *[""] * (self._columns - 1)):
                if self._rows > 1:
                    self._from_above[len(cells)] = "" if _NUMBER.fullmatch(text) else text, self._rows - 1
                cells.append(text)
        self._cell, self._is_title = None, False

    def _take_from_above(self, cells: list[str]) -> None:
        """Add the cells of rows above that go on in the places that come next."""
        while (found := self._from_above.pop(len(cells), None)) is not None:
            text, rows = found
            if rows > 1:
                self._from_above[len(cells)] = text, rows - 1
            cells.append(text)


def _spanned(number: str | None) -> int:
    return min(max(int(number), 1), _MOST_SPANNED) if number and number.strip().isdecimal() else 1
