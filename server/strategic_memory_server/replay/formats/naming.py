"""What messages call tables and their columns."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from strategic_memory_server.replay.files.table import Table

NAMES_TOLD, CHARACTERS_TOLD = 40, 60
"""So many columns of a table are named where it cannot be read, and so much of each name."""

WITHOUT_NAME = "(one without a name)"
"""What a column without one is called, as the index of a data frame; a map takes it for its name."""


def names_told(columns: Iterable[str]) -> str:
    """Return the first names of columns, and the beginning of each, for a message."""
    return ", ".join(name[:CHARACTERS_TOLD] or WITHOUT_NAME for name in islice(columns, NAMES_TOLD)) or "none"


def name_of(table: Table) -> str:
    """Return where a table is in its file, or which columns it has, where that is all that tells it from others."""
    return ", ".join(table.path) or f"the table of {names_told(table.columns)}"
