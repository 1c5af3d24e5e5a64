"""Tables in a JSON document: every list of objects in it, under the names that lead there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.json_lines import MOST_NAMES, page_of
from strategic_memory_server.replay.files.json_stream import BrokenJsonError, JsonStream
from strategic_memory_server.replay.files.page import Page
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table
from strategic_memory_server.replay.files.text_encoding import opened_text

ROWS_AT_ONCE = 2_000
"""Objects of a page: each may have dozens of fields."""

DEPTH = 3
"""So many names may lead to a list; a freqtrade export has its trades under `strategy`, a name and `trades`."""

_NAMES_ONE_BY_ONE = 50
"""Of so many objects the names are found without holding the objects, which may be long."""

Names = dict[str, None]
"""Names in their order."""


def json_tables(source: Source, encoding: str) -> list[Table]:
    """Return the lists of objects in a document, without reading them.

    Raises:
        ReplayError: it is broken, or ends too soon.
    """
    found: dict[tuple[str, ...], Names] = {}
    with _document(source, encoding) as stream:
        _walk(stream, (), found)
        stream.require_end()
    return [
        Table(source.shown, path, tuple(names), lambda path=path: _pages(source, encoding, path))  # type: ignore[misc]
        for path, names in found.items()
    ]


def _walk(stream: JsonStream, path: tuple[str, ...], found: dict[tuple[str, ...], Names]) -> None:
    first = stream.peek()
    if first == "[":
        names = _names(stream)
        if names:
            found.setdefault(path, names)
    elif first == "{" and len(path) < DEPTH:
        for name in stream.members():
            _walk(stream, (*path, name), found)
    else:
        stream.skip()


def _names(stream: JsonStream) -> Names:
    """Pass over a list, and return the names in the first objects of it, and of nearly all others."""
    names: Names = {}
    for number, _ in enumerate(stream.elements()):
        if number < _NAMES_ONE_BY_ONE and stream.peek() == "{":
            for name in stream.members():
                names[name] = None
                stream.skip()
        elif isinstance(passed := stream.skip(), dict) and len(names) < MOST_NAMES:
            names |= dict.fromkeys(passed)
    return names


@contextmanager
def _document(source: Source, encoding: str) -> Iterator[JsonStream]:
    with opened_text(source, encoding) as text:
        try:
            yield JsonStream(text)
        except BrokenJsonError as error:
            raise ReplayError(f"{source.shown}: its JSON is broken: {error}. Export it again") from None


def _pages(source: Source, encoding: str, path: tuple[str, ...]) -> Iterator[Page]:
    rows: list[Mapping[str, object]] = []
    lines: list[int] = []
    broken: list[tuple[int, str]] = []
    with _document(source, encoding) as stream:
        for name in path:
            next(each for each in _members(stream) if each == name)
        for number, _ in enumerate(stream.elements(), start=1):
            value = stream.value()
            if isinstance(value, dict):
                rows.append(value)
                lines.append(number)
            else:
                broken.append((number, "not_an_object"))
            if len(rows) + len(broken) >= ROWS_AT_ONCE:
                yield page_of(rows, lines, broken, stream.passed / source.size)
                rows, lines, broken = [], [], []
    yield page_of(rows, lines, broken, 1.0)


def _members(stream: JsonStream) -> Iterator[str]:
    """Stand before the value of each member; one that is not read is passed over."""
    for name in stream.members():
        yield name
        stream.skip()
