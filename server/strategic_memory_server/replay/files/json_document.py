"""Tables in a JSON document: every list of objects in it, and objects by name, under the names that lead there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from strategic_memory_server.replay.files.answer_pages import may_tell_of_pages, pages_told
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.json_lines import MOST_NAMES, page_of
from strategic_memory_server.replay.files.json_stream import BrokenJsonError, JsonStream
from strategic_memory_server.replay.files.page import TablePage
from strategic_memory_server.replay.files.source import Source
from strategic_memory_server.replay.files.table import Table
from strategic_memory_server.replay.files.text_encoding import opened_text

ROWS_AT_ONCE = 2_000
"""Objects of a page: each may have dozens of fields."""

DEPTH = 30
"""So many names may lead to a list: each is a call within the one before it."""

_NAMES_ONE_BY_ONE = 50
"""Of so many objects the names are found without holding the objects, which may be long."""

_MOST_TOLD = 3
"""So many pages of answers are told: orders that each have a limit and a list of their own are no answers."""

Names = dict[str, None]
"""Names in their order."""


class _Found(NamedTuple):
    """A table in a document.

    Attributes:
        names: of its columns.
        by_name: whether its objects stand in an object, each under a name, and not in a list.
        rows: number of its objects.
    """

    names: Names
    by_name: bool
    rows: int


class _Document(NamedTuple):
    """What is found in a document.

    Attributes:
        tables: its tables, by the names that lead there.
        alone: objects that hold a single one by name, or something beside several, as when they were written: which
            only those beside them tell from any other object.
        told: what is worth telling of them all.
    """

    tables: dict[tuple[str, ...], _Found]
    alone: dict[tuple[str, ...], _Found]
    told: dict[str, None]


def json_tables(source: Source, encoding: str, *, alone: bool = False) -> list[Table]:
    """Return the lists of objects in a document, and further in the objects of objects, without reading them.

    Args:
        source: the document.
        encoding: of its text.
        alone: whether an object that mostly holds others by name, or a single one, is a table whatever lies beside it.

    Raises:
        ReplayError: it is broken, or ends too soon.
    """
    found = _Document({}, {}, {})
    with _document(source, encoding) as stream:
        _walk(stream, (), found)
        stream.require_end()
    if found.alone:
        found.tables.update(found.alone if alone else _of_those_beside(found))
    told = tuple(found.told)
    return [
        Table(
            source.shown,
            path,
            tuple(each.names),
            partial(_pages, source, encoding, path, by_name=each.by_name),
            told,
        )
        for path, each in found.tables.items()
    ]


def _of_those_beside(found: _Document) -> dict[tuple[str, ...], _Found]:
    """Return what lies as deep as tables of objects by name, and has the names of these."""
    beside: dict[int, Names] = {}
    for path, each in found.tables.items():
        if each.by_name:
            beside.setdefault(len(path), {}).update(each.names)
    return {path: each for path, each in found.alone.items() if _are_alike(each.names, beside.get(len(path), {}))}


def _walk(stream: JsonStream, path: tuple[str, ...], found: _Document) -> Names | None:
    """Find the tables in a value, and pass over it; return its names where it is an object that holds single values."""
    first = stream.peek()
    if first == "[":
        names, rows = _names(stream)
        if names:
            found.tables.setdefault(path, _Found(names, by_name=False, rows=rows))
    elif first == "{" and len(path) < DEPTH:
        return _walk_object(stream, path, found)
    else:
        stream.skip()
    return None


def _walk_object(stream: JsonStream, path: tuple[str, ...], found: _Document) -> Names | None:
    members: Names = {}
    rows: Names = {}
    said: dict[str, object] = {}
    count, longest, holds_single_values = 0, 0, True
    for name in stream.members():
        if name in members:
            raise BrokenJsonError(f"one object gives {name!r} twice, at character {stream.passed}")
        members[name] = None
        is_single = stream.peek() not in "[{"
        if is_single and may_tell_of_pages(name):
            said[name] = stream.value()
            continue
        at = (*path, name)
        row = _walk(stream, at, found)
        if at in found.tables:
            longest = max(longest, found.tables[at].rows)
        holds_single_values = holds_single_values and is_single
        # Rows have most names in common, but those that only some have.
        if row is not None and (not rows or _are_alike(row, rows)):
            count += 1
            rows |= row
    # What the whole document holds is read at once.
    if path and 2 * count > len(members):
        is_table = 1 < count == len(members)
        (found.tables if is_table else found.alone).setdefault(path, _Found(rows, by_name=True, rows=count))
    if len(found.told) < _MOST_TOLD and (told := pages_told(said, longest)):
        found.told[told] = None
    return members if holds_single_values else None


def _are_alike(names: Names, others: Names) -> bool:
    return len(names.keys() & others.keys()) * 2 > min(len(names), len(others))


def _names(stream: JsonStream) -> tuple[Names, int]:
    """Pass over a list, and return the names in the first objects of it and of nearly all others, and its length."""
    names: Names = {}
    rows = 0
    for rows, _ in enumerate(stream.elements(), start=1):
        if rows <= _NAMES_ONE_BY_ONE and stream.peek() == "{":
            for name in stream.members():
                names[name] = None
                stream.skip()
        elif isinstance(passed := stream.skip(), dict) and len(names) < MOST_NAMES:
            names |= dict.fromkeys(passed)
    return names, rows


@contextmanager
def _document(source: Source, encoding: str) -> Iterator[JsonStream]:
    with opened_text(source, encoding) as text:
        try:
            yield JsonStream(text)
        except BrokenJsonError as error:
            raise ReplayError(f"{source.shown}: its JSON is broken: {error}. Export it again") from None


def _pages(source: Source, encoding: str, path: tuple[str, ...], *, by_name: bool) -> Iterator[TablePage]:
    rows: list[Mapping[str, object]] = []
    lines: list[int] = []
    broken: list[tuple[int, str]] = []
    with _document(source, encoding) as stream:
        for name in path:
            next(each for each in _members(stream) if each == name)
        for number, _ in enumerate(stream.members() if by_name else stream.elements(), start=1):
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
