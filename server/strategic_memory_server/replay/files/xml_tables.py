"""Tables in an XML export: elements of one name that have nothing but attributes, which are the columns."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.grid import GridRow, table_of
from strategic_memory_server.replay.files.page import TablePage
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table

_READ = "rows are elements with attributes and nothing else, so export it as CSV"
_WORKBOOK = "{urn:schemas-microsoft-com:office:spreadsheet}"
_Element = tuple[int, dict[str, str]]
"""The attributes of an element, and which of its name it is, from 1."""

_VALUE = "a value"
"""Stands, once it is read, in place of the text of an element that holds nothing else."""


def xml_tables(source: Source) -> list[Table]:
    """Return a table for each name of elements that are rows.

    Raises:
        ReplayError: it is no XML, or some of its rows hold values as elements, which are not read.
    """
    found: dict[str, list[_Element]] = {}
    others: Counter[str] = Counter()
    parents: dict[str, list[int]] = {}
    with source.open() as file:
        try:
            # The entities that make a small document large are refused by Expat itself since 2.4.
            for _, element in ET.iterparse(file):  # noqa: S314
                if element.tag.startswith(_WORKBOOK):
                    raise ReplayError(f"{source.shown}: is a workbook as Excel 2003 wrote it: save it as xlsx or CSV")
                is_value = not element.attrib and not len(element) and bool((element.text or "").strip())
                row = len(found.get(element.tag, ())) + len(parents.get(element.tag, ())) + 1, dict(element.attrib)
                if element.attrib and not len(element):
                    found.setdefault(element.tag, []).append(row)
                elif any(part.text == _VALUE for part in element):
                    others[element.tag] += 1
                elif element.attrib:
                    parents.setdefault(element.tag, []).append(row[0])
                element.clear()
                element.text = _VALUE if is_value else None
        except ET.ParseError as error:
            raise ReplayError(f"{source.shown}: its XML is broken: {error}. Export it again") from None
    for tag, count in others.items():
        if tag in found or not found:
            # A record without some of its rows is another one.
            of_them = f"of {count + len(found[tag]):,} " if found else ""
            raise ReplayError(f"{source.shown}: {count:,} {of_them}elements {tag} hold values as elements: {_READ}")
    return [_table(source, tag, rows, parents.get(tag, ())) for tag, rows in found.items()]


def _table(source: Source, tag: str, elements: Sequence[_Element], parents: Sequence[int]) -> Table:
    """Return the table of elements of one name; those that hold others are parts of the document, or rows of it."""
    columns = list(dict.fromkeys(name for _, element in elements for name in element))
    rows: list[GridRow] = [(number, [element.get(name, "") for name in columns]) for number, element in elements]
    table = table_of(source, (tag,), columns, rows)

    def pages() -> Iterator[TablePage]:
        broken = [(number, "holds_elements") for number in parents]
        for page in table.pages():
            yield dataclasses.replace(page, broken=(*page.broken, *broken))
            broken = []

    return dataclasses.replace(table, pages=pages)
