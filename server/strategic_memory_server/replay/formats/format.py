"""Format: what the columns of a tool's export are called, which are ours, and which of its rows are results."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.files.page import Cell, TablePage
from strategic_memory_server.replay.formats.name_says import without_zone
from strategic_memory_server.replay.written.ways import Declared

CURRENCY = "{currency}"
"""Stands in a declared name for the code of a currency: `Net P&L {currency}`."""

MONEY = "{money}"
"""Stands in a declared name for a known currency, in brackets or not: `Profit {money}` is `Profit (USD)` too."""

_UNREGARDED = re.compile(r"[\s_\-]+")
_NUMBER = re.compile(r" \([0-9]+\)$")
"""Behind a name that comes again."""

_PATTERNS = {
    CURRENCY: r"[a-z]{2,6}",
    # Words behind a pnl that are no currency mean something else: pips, factor, ratio.
    MONEY: r"\(?(?:usd[tc]?|busd|eur|gbp|jpy|chf|aud|cad|nzd|inr|brl|cny|hkd|sgd|krw|try|zar|mxn|sek|nok|dkk|pln|czk|"
    r"btc|eth|bnb|sol|[$€£¥₹])\)?",
}
_ROW_NUMBERS = ("", "unnamed:0", "index")
"""What pandas calls the numbers of rows, where a table has no other index."""

Rows = Callable[[Iterator[TablePage]], Iterator[TablePage]]
"""Makes pages of results from pages of a file, where a result is not a row as it stands."""


@functools.lru_cache(512)
def plain_name(name: str) -> str:
    """Return a name without regard to case, spaces, hyphens and underscores."""
    return _UNREGARDED.sub("", name.casefold())


class UnclearRowsError(ReplayError):
    """What the rows of a table earned cannot be told; the message says why, and not of which file."""


@dataclass(frozen=True, slots=True)
class Results:
    """Which rows of a file are results.

    Attributes:
        column: names of the column that says it, the first that is there; where none is, every row is one. In a
            table of no tool each column that has one of them says it.
        is_result: tells it of a cell.
        others: what the other rows are, in words: they are left out, and that is told.
        kept: what the others with a result that is not 0 are, in words: they are kept and told; empty: there are none.
    """

    column: Sequence[str]
    is_result: Callable[[Cell], bool]
    others: str
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """What a table of a tool looks like.

    Attributes:
        name: the tool and what it writes.
        known_by: names of columns that such a table has, all of them; each may be of several, the first that is there.
        columns: by our names of columns the tool's, the first that is there.
        pnl: what the pnl is, in words: money or a fraction, before or after costs.
        currency: names of a column that says in which currency a row's pnl is, or of which market it is.
        zone: the zone of its times, in words.
        declared: what is known of how a column is written, by our names of columns.
        since: the first year of which there can be rows; 0: any.
        fractions: names of columns that say percent and hold fractions.
        kind: what its rows are: `trade`, `portfolio` or `regime`; empty: what their columns say.
        results: which rows are results: those that each of these says are.
        rows: makes its rows, where a result is not a row as it stands; it keeps the tool's names of columns.
        made: names of columns that `rows` adds.
        most_columns: a table of it has no more, numbers of rows aside; 0: any number.
        strategy_in_path: which step of the path to the table names the strategy, counted from its end; 0: none.
        strategies_apart: whether rows of several strategies are never pooled.
        is_run: whether a table is a whole run of a tester: several of them are never pooled.
        tables: names of tables of which the first that is there says all that the others say again.
        instead_of: names of formats whose tables in the same file say the same again.
        refused: why nothing can be read from such a table, and what to do; empty: it is read.
    """

    name: str
    known_by: Sequence[str | Sequence[str]]
    columns: Mapping[str, Sequence[str]]
    pnl: str = ""
    currency: Sequence[str] = ()
    zone: str = "UTC"
    declared: Mapping[str, Declared] = field(default_factory=dict)
    since: int = 0
    fractions: Sequence[str] = ()
    kind: str = "trade"
    results: Sequence[Results] = ()
    rows: Rows | None = None
    made: Sequence[str] = ()
    most_columns: int = 0
    strategy_in_path: int = 0
    strategies_apart: bool = False
    is_run: bool = False
    tables: Sequence[str] = ()
    instead_of: Sequence[str] = ()
    refused: str = ""

    def fits(self, columns: Collection[str]) -> bool:
        """Tell whether a table with these columns is of this format."""
        read = self.found(columns).values()
        counted = [name for name in columns if name in read or plain_name(name) not in _ROW_NUMBERS]
        few_enough = not self.most_columns or len(counted) <= self.most_columns
        return few_enough and all(
            found([name] if isinstance(name, str) else name, columns) is not None for name in self.known_by
        )

    def found(self, columns: Collection[str]) -> dict[str, str]:
        """Return by our names what the columns are called that it reads of such a table."""
        named = {ours: found(theirs, [*columns, *self.made]) for ours, theirs in self.columns.items()}
        return {ours: theirs for ours, theirs in named.items() if theirs is not None}


def found(names: Sequence[str], columns: Collection[str]) -> str | None:
    """Return the column that has the first of some names that any has; None where none has one."""
    by_name = _by_name(tuple(columns))
    for name in map(plain_name, names):
        if name in by_name:
            return by_name[name]
        pattern = _pattern(name)
        if pattern is not None:
            fitting = [column for each, column in by_name.items() if pattern.fullmatch(each)]
            if fitting:
                return fitting[0]
    return None


def all_called(names: Sequence[str], columns: Collection[str]) -> list[str]:
    """Return every column that has one of some names, those that come again among them."""
    called = _all_by_name(tuple(columns))
    return [column for name in dict.fromkeys(map(plain_name, names)) for column in called.get(name, ())]


@functools.lru_cache(64)
def _all_by_name(columns: tuple[str, ...]) -> Mapping[str, list[str]]:
    by_name: dict[str, list[str]] = {}
    for column in columns:
        by_name.setdefault(plain_name(_NUMBER.sub("", column)), []).append(column)
    return by_name


@functools.lru_cache(64)
def _by_name(columns: tuple[str, ...]) -> Mapping[str, str]:
    """Return columns by their plain names, and by those without a zone: of `Time` and `Time (UTC)` the latter."""
    by_name: dict[str, str] = {}
    with_zone: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(plain_name(column), column)
        name, zone = without_zone(column, clear_ones=True)
        if zone:
            with_zone.setdefault(plain_name(name), column)
    return by_name | with_zone


@functools.cache
def _pattern(name: str) -> re.Pattern[str] | None:
    for token, pattern in _PATTERNS.items():
        if token in name:
            return re.compile(re.escape(name).replace(re.escape(token), pattern))
    return None
