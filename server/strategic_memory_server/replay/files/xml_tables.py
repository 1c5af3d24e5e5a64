"""Tables in an XML export: elements of one name that have nothing but attributes, which are the columns."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.grid import GridRow, table_of
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table


def xml_tables(source: Source) -> list[Table]:
    """Return a table for each name of elements that are rows.

    Raises:
        ReplayError: it is no XML.
    """
    found: dict[str, list[dict[str, str]]] = {}
    with source.open() as file:
        try:
            # The entities that make a small document large are refused by Expat itself since 2.4.
            for _, element in ET.iterparse(file):  # noqa: S314
                if element.attrib and not len(element):
                    found.setdefault(element.tag, []).append(dict(element.attrib))
                element.clear()
        except ET.ParseError as error:
            raise ReplayError(f"{source.shown}: its XML is broken: {error}. Export it again") from None
    return [_table(source, tag, rows) for tag, rows in found.items()]


def _table(source: Source, tag: str, elements: list[dict[str, str]]) -> Table:
    columns = list(dict.fromkeys(name for element in elements for name in element))
    rows: list[GridRow] = [
        (number, [element.get(name, "") for name in columns]) for number, element in enumerate(elements, start=1)
    ]
    return table_of(source, (tag,), columns, rows)
