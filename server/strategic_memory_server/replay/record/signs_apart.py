"""Results that are less than a result, or more: without the sign that another column has, 0 since they open, sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strategic_memory_server.columns.columns import FloatColumn
from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.cell_columns import Mask
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.formats.cells import is_not_zero, text_of
from strategic_memory_server.replay.formats.format import found, plain_name
from strategic_memory_server.replay.formats.own_columns import COMMON_NAMES, OWN_COLUMNS
from strategic_memory_server.replay.formats.reading import TableReading
from strategic_memory_server.replay.record.entry_columns import EntryColumns
from strategic_memory_server.replay.written.seen import shown

_FEWEST_OF_ZEROS, _SHARE_OF_ZEROS = 10, 0.25

_NUMBERS_OF_TRADES = (
    "trades",
    "# trades",
    "no. of trades",
    "number of trades",
    "num trades",
    "trade count",
    "total trades",
)

_FEWEST = 3
"""So few results may all be gains without anybody wondering."""

_LOSSES = ("loss", "losses", "loss amount", "gross loss", "debit")
"""Columns of amounts that were lost."""

_SAYS_LOSS = frozenset(
    ("loss", "losses", "lose", "loser", "losing", "lost", "negative", "sl", "stop loss", "stoploss", "stop_loss")
)
_BESIDE_ANOTHER = {"d": "c", "dr": "cr", "debit": "credit", "-": "+", "l": "w", "minus": "plus"}
"""Words that say a loss where the other one of the two stands in the column too: L alone is long."""

_NO, _YES = frozenset(("false", "f", "no", "n", "0", "0.0")), frozenset(("true", "t", "yes", "y", "1", "1.0"))
_ASKED = {
    **dict.fromkeys(("won", "win", "winner", "winning", "profitable", "profit", "gain", "positive"), _NO),
    **dict.fromkeys(("success", "successful"), _NO),
    **dict.fromkeys(("lost", "loser", "loss", "losing", "negative"), _YES),
}
"""Names of columns that say yes or no, also with an `is` before them, and which of the two is a loss."""

_SIGNS, _MINUS = frozenset(("sign", "pnlsign", "signofpnl", "profitsign")), frozenset(("-1", "-1.0", "\u22121"))
"""Plain names of columns that say 1 or -1, and what says the latter."""

_MOST_WORDS = 8
"""A column of more different words tells something else."""


def require_signs(reading: TableReading, entries: Sequence[EntryColumns]) -> None:
    """Refuse the results of a table of which none is a loss, where a column beside them says that some are.

    Args:
        reading: how the table was read; what is mapped is meant, and what a tool writes is known.
        entries: what was read of it.

    Raises:
        ReplayError: it is so.
    """
    pnl = [name for name in (names.PNL, names.REALIZED_PNL) if name in reading.columns]
    if not pnl or reading.mapped & set(pnl) or reading.format not in (OWN_COLUMNS, COMMON_NAMES):
        return
    earned = np.concatenate([np.empty(0), *(part.pnl for part in entries)])
    if np.any(earned < 0.0) or np.count_nonzero(earned > 0.0) < _FEWEST:
        return
    free = [name for name in reading.table.columns if name not in reading.columns.values()]
    for why in filter(None, (_amounts_lost(reading, free), _losses_said(reading, free))):
        column = reading.columns[pnl[0]]
        raise ReplayError(
            f"{reading.table.shown}: no result in column {column!r} is a loss, and {why}: write losses with a minus, "
            f"or say that they are as they stand with --map 'realized_pnl={column}'"
        )


def note_zeros(reading: TableReading, entries: Sequence[EntryColumns]) -> None:
    """Tell of a table in which many results are 0: in a list of fills those that open a position are."""
    zeros, results = (sum(int(np.count_nonzero(of(part.pnl))) for part in entries) for of in (_is_zero, np.isfinite))
    if results >= _FEWEST_OF_ZEROS and zeros > _SHARE_OF_ZEROS * results:
        reading.note(
            f"{zeros:,} of {results:,} results are 0: fills that open a position are no results, leave them out"
        )


def note_sums(reading: TableReading) -> None:
    """Tell of a table whose rows say how many trades they hold: sums of days and the like, which count as one each."""
    if reading.format not in (OWN_COLUMNS, COMMON_NAMES):
        return
    column = found(_NUMBERS_OF_TRADES, reading.table.columns)
    page = next(reading.table.pages(), None) if column else None
    said = [text_of(cell) for cell in page.columns.get(column or "", ())] if page else []
    if said and 2 * sum(cell.isdecimal() and float(cell) > 1.0 for cell in said) > len(said):
        reading.note(f"column {column!r} says that most rows hold several trades: each counts as one")


def _is_zero(pnl: FloatColumn) -> Mask:
    zero: Mask = pnl == 0.0
    return zero


def _amounts_lost(reading: TableReading, free: Sequence[str]) -> str:
    column = found(_LOSSES, free)
    lost = column is not None and any(
        any(map(is_not_zero, page.columns.get(column, ()))) for page in reading.table.pages()
    )
    return f"column {column!r} holds what was lost" if lost else ""


def _losses_said(reading: TableReading, free: Sequence[str]) -> str:
    words: dict[str, dict[str, None]] = {name: {} for name in free}
    for page in reading.table.pages():
        for name in list(words):
            cells = dict.fromkeys(page.columns.get(name, ()))
            words[name] |= dict.fromkeys(filter(None, (text_of(cell).casefold() for cell in cells)))
            if len(words[name]) > _MOST_WORDS:
                del words[name]
    for name, said in words.items():
        if plain_name(name) in _SIGNS and (minus := next(iter(_MINUS & said.keys()), "")):
            return f"column {name!r} says {shown(minus)} of some"
        lost = _ASKED.get(plain_name(name).removeprefix("is"), frozenset())
        for word in said if len(said) > 1 else ():
            if word in _SAYS_LOSS or (word in lost and said.keys() <= _NO | _YES) or _BESIDE_ANOTHER.get(word) in said:
                return f"column {name!r} says {shown(word)} of some"
    return ""
