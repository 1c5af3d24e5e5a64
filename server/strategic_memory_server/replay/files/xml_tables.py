"""Tables in an XML export: elements of one name that have nothing but attributes, which are the columns."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree as ET

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.grid import GridRow, table_of
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table

_READ = "rows are elements with attributes and nothing else, so export it as CSV"
_WORKBOOK = "{urn:schemas-microsoft-com:office:spreadsheet}"
_VALUE = "a value"
"""Stands, once it is read, in place of the text of an element that holds nothing else."""


def xml_tables(source: Source) -> list[Table]:
    """Return a table for each name of elements that are rows.

    Raises:
        ReplayError: it is no XML, or some of its rows hold values as elements, which are not read.
    """
    found: dict[str, list[dict[str, str]]] = {}
    others: Counter[str] = Counter()
    with source.open() as file:
        try:
            # The entities that make a small document large are refused by Expat itself since 2.4.
            for _, element in ET.iterparse(file):  # noqa: S314
                if element.tag.startswith(_WORKBOOK):
                    raise ReplayError(f"{source.shown}: is a workbook as Excel 2003 wrote it: save it as xlsx or CSV")
                is_value = not element.attrib and not len(element) and bool((element.text or "").strip())
                if element.attrib and not len(element):
                    found.setdefault(element.tag, []).append(dict(element.attrib))
                elif any(part.text == _VALUE for part in element):
                    others[element.tag] += 1
                element.clear()
                element.text = _VALUE if is_value else None
        except ET.ParseError as error:
            raise ReplayError(f"{source.shown}: its XML is broken: {error}. Export it again") from None
    for tag, count in others.items():
        if tag in found or not found:
            # A record without some of its rows is another one.
            of_them = f"of {count + len(found[tag]):,} " if found else ""
            raise ReplayError(f"{source.shown}: {count:,} {of_them}elements {tag} hold values as elements: {_READ}")
    return [_table(source, tag, rows) for tag, rows in found.items()]


def _table(source: Source, tag: str, elements: list[dict[str, str]]) -> Table:
    columns = list(dict.fromkeys(name for element in elements for name in element))
    rows: list[GridRow] = [
        (number, [element.get(name, "") for name in columns]) for number, element in enumerate(elements, start=1)
    ]
    return table_of(source, (tag,), columns, rows)
