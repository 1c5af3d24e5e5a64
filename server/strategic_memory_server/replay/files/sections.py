"""Tables in a statement whose every line begins with a section and with what the line is, as brokers write them.

`Trades,Header,Symbol,…` names the columns of the lines `Trades,Data,…` that follow; other lines hold totals.
"""

from __future__ import annotations

from strategic_memory_server.replay.files.csv_layout import names_below
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.grid import GridRow, table_of
from strategic_memory_server.replay.files.open_quotes import checked_rows
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table, again
from strategic_memory_server.replay.files.text_encoding import opened_text

_HEADER, _DATA = "header", "data"


def has_sections(sample: str) -> bool:
    """Tell whether the first lines of a text are those of such a statement."""
    marks = [_mark(line) for line in sample.splitlines()]
    return _HEADER in marks and _DATA in marks and sum(mark in (_HEADER, _DATA) for mark in marks) * 2 > len(marks)


def _mark(line: str) -> str:
    fields = line.split(",", 2)
    return fields[1].strip().strip('"').lower() if len(fields) > 1 else ""


def section_tables(source: Source, encoding: str) -> list[Table]:
    """Return the tables of a statement; a section that names its columns anew begins another one.

    Raises:
        ReplayError: rows of a section stand above the names of its columns, or a quote is not closed.
    """
    above: dict[str, int] = {}
    headers: dict[str, list[str]] = {}
    rows: dict[str, list[GridRow]] = {}
    current: dict[str, str] = {}
    with opened_text(source, encoding) as text:
        for line, fields in checked_rows(text, ",", source.shown):
            if len(fields) < 3:
                continue
            section, mark = fields[0].strip(), fields[1].strip().lower()
            if mark == _HEADER:
                if section in above:
                    raise ReplayError(f"{source.shown}: {names_below(above[section], line)}")
                number = sum(name == section or name.startswith(f"{section} (") for name in headers) + 1
                current[section] = section if number == 1 else again(section, number)
                headers[current[section]], rows[current[section]] = fields[2:], []
            elif mark == _DATA and section in current:
                rows[current[section]].append((line, fields[2:]))
            elif mark == _DATA:
                above.setdefault(section, line)
    return [table_of(source, (name,), headers[name], rows[name], of_text=True) for name in headers]
