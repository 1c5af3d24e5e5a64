"""Which format the columns of a table are those of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.table import Table, headings
from strategic_memory_server.replay.formats.column_map import mapped_column
from strategic_memory_server.replay.formats.format import Format, found, plain_name
from strategic_memory_server.replay.formats.known import FORMATS
from strategic_memory_server.replay.formats.name_says import without_zone
from strategic_memory_server.replay.formats.own_columns import COMMON_NAMES, OWN_COLUMNS

_SAY_SOMETHING = (names.PNL, names.REALIZED_PNL, names.REGIME, names.MARKET_REGIME, *names.POLICY_PNL)
"""A table with a time and one of these is a record."""

_TIMES = frozenset(plain_name(name) for known in (*FORMATS, COMMON_NAMES) for name in known.columns.get(names.TIME, ()))
"""Every name of a time that is known, plain."""


def recognised(table: Table, asked: Mapping[str, str]) -> Format | None:
    """Return the format of a table: that which most of its columns are needed for; None where none fits.

    Args:
        table: the table.
        asked: the columns that the user maps, by our names; with time and pnl among them no format is needed.

    Raises:
        ReplayError: several fit equally.
    """
    fitting = [known for known in FORMATS if known.fits(table.columns)]
    most = max((len(known.known_by) for known in fitting), default=0)
    best = [known for known in fitting if len(known.known_by) == most]
    if len(best) > 1 and not (names.TIME in asked and {names.PNL, names.REALIZED_PNL} & set(asked)):
        raise ReplayError(
            f"{table.shown}: its columns are those of {' and of '.join(known.name for known in best)}: say which "
            "columns count with --map time=<column>,realized_pnl=<column>"
        )
    if len(best) == 1:
        return best[0]
    general = COMMON_NAMES if _has_other_result(table.columns, asked) else OWN_COLUMNS
    for each in (general, COMMON_NAMES):
        if each.fits(table.columns) and is_record(each.found(table.columns)):
            return each
    return None


def _has_other_result(columns: Sequence[str], asked: Mapping[str, str]) -> bool:
    """Tell whether the result of a table stands under a common name alone: `profit` beside our `time` and `regime`."""
    results = {names.PNL, names.REALIZED_PNL, *names.POLICY_PNL}
    mapped = (ours for ours, theirs in asked.items() if mapped_column(theirs, columns) is not None)
    is_known = results & {*mapped, *OWN_COLUMNS.found(columns)}
    return not is_known and bool(results & set(COMMON_NAMES.found(columns)))


_KNOWN_NAMES = frozenset(
    plain_name(name)
    for known in (*FORMATS, COMMON_NAMES)
    for names_of_one in (*known.known_by, *known.columns.values())
    for name in ([names_of_one] if isinstance(names_of_one, str) else names_of_one)
    if name[:1].isalpha()
)
"""A row without one of these names no columns, which is found out sooner."""


_PRICES = frozenset({"open", "high", "low", "close"})


def are_prices(plain_names: AbstractSet[str]) -> bool:
    """Tell whether plain names are those of a table of prices: all but one of them stand there."""
    return len(plain_names & _PRICES) >= len(_PRICES) - 1


def names_a_record(cells: Sequence[str]) -> bool:
    """Tell whether texts are the names of columns of a record."""
    if not any(plain_name(each) in _KNOWN_NAMES for cell in cells for each in (cell, without_zone(cell)[0])):
        return False
    columns = headings(cells)
    if _TIMES.isdisjoint(map(plain_name, columns)):
        # Most texts are none, and this tells it soonest.
        return False
    return is_record(COMMON_NAMES.found(columns)) or any(known.fits(columns) for known in FORMATS)


def is_record(columns: Collection[str]) -> bool:
    """Tell whether columns of ours are enough for a record."""
    return names.TIME in columns and any(name in columns for name in _SAY_SOMETHING)


def require_one_pnl(table: Table, asked: Mapping[str, str]) -> None:
    """Refuse a table of which it is not known which of several columns is its result.

    Raises:
        ReplayError: several can be, and the user maps none.
    """
    if {names.PNL, names.REALIZED_PNL} & set(asked):
        return
    several = {name: _all_of(name, table.columns) for name in (names.PNL, *COMMON_NAMES.columns[names.REALIZED_PNL])}
    named = {name: next(iter(columns), None) for name, columns in several.items()}
    candidates = list(dict.fromkeys(column for columns in several.values() for column in columns))
    # What both of ours hold is compared row by row: one may be that of observations, the other that of trades.
    if len(candidates) > 1 and set(candidates) != {named[names.PNL], named[names.REALIZED_PNL]}:
        raise ReplayError(
            f"{table.shown}: has {' and '.join(candidates)}; which one is the result? "
            f"--map realized_pnl={candidates[0]!r}, for example"
        )


def _all_of(name: str, columns: Sequence[str]) -> list[str]:
    """Return every column that a name fits: of a profit in some currency there may be two."""
    fitting: list[str] = []
    while (column := found([name], [each for each in columns if each not in fitting])) is not None:
        fitting.append(column)
    return fitting
