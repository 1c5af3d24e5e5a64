"""Tables in an HTML report, as trading terminals save one."""

from __future__ import annotations

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


class _Rows(HTMLParser):
    """Collects the cells of all rows of all tables, with an empty row before each table: it is none below the last."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, list[str]]] = []
        self._number = 0
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.rows.append((self._number, []))
        elif tag == "tr":
            self._end_cell()
            self._number += 1
            self.rows.append((self._number, []))
        elif tag in ("td", "th"):
            self._end_cell()
            hidden = "hidden" in (dict(attrs).get("class") or "").split()
            self._cell = None if hidden else []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is not None and self.rows:
            self.rows[-1][1].append(" ".join("".join(self._cell).split()))
        self._cell = None
