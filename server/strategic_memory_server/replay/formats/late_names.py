"""Names of columns that come too late in JSON: where none of the first objects has them, nothing was read by them."""

from __future__ import annotations

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import TablePage
from strategic_memory_server.replay.files.table import Table
from strategic_memory_server.replay.formats.format import plain_name
from strategic_memory_server.replay.formats.known import FORMATS
from strategic_memory_server.replay.formats.own_columns import COMMON_NAMES

_KNOWN = frozenset(
    plain_name(name) for known in (*FORMATS, COMMON_NAMES) for several in known.columns.values() for name in several
) - {""}


def require_known_names(table: Table, page: TablePage) -> None:
    """Refuse a page with a column that is known and holds something, and that the table did not have at its beginning.

    Raises:
        ReplayError: it has one; the message names it and the first row that has it.
    """
    if isinstance(page.columns, dict):
        return
    late = [name for name in set(page.columns).difference(table.columns) if plain_name(name) in _KNOWN]
    for name in sorted(late):
        rows = [line for line, cell in zip(page.lines, page.columns[name], strict=True) if cell is not None]
        if rows:
            raise ReplayError(
                f"{table.shown}: row {rows[0]} has {name!r}, which none of the first rows has, so that nothing was "
                "read of it: put a row with all names first"
            )
