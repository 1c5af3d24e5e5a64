"""Reads a table in one pass where it is written plainly; else once to see how it is written, and once to read it so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from strategic_memory_server.replay.written.plain_ways import PlainWays
from strategic_memory_server.replay.written.surveyed_ways import Surveying
from strategic_memory_server.replay.written.ways import Declared, NotPlainError, Ways

PageT = TypeVar("PageT")
Read = TypeVar("Read")


def read_in_its_way(
    called: str,
    pages: Callable[[], Iterable[PageT]],
    read: Callable[[PageT, Ways], Read],
    general: Declared,
    declared: Mapping[str, Declared],
    theirs: Mapping[str, str] | None = None,
) -> tuple[list[Read], Mapping[str, str]]:
    """Read all pages of a table.

    Args:
        called: what a message calls them.
        pages: begins the table anew.
        read: reads a page by the ways that it is given; what it gives of a survey is thrown away.
        general: what is known of all columns.
        declared: what is known of some columns, by their names.
        theirs: what a message calls columns beside, by their names.

    Returns:
        What was read of each page, and how the columns are written, by their names.

    Raises:
        ReplayError: a column is written in two ways, or can be read in two.
    """
    plain = PlainWays(general, declared)
    try:
        found = [read(page, plain) for page in pages()]
    except NotPlainError:
        pass
    else:
        if plain.is_certain:
            return found, plain.describe()
        del found
    surveying = Surveying(called, general, declared, theirs or {})
    for page in pages():
        read(page, surveying)
    ways = surveying.decided()
    return [read(page, ways) for page in pages()], ways.describe()
