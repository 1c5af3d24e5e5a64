"""Our own columns, and the names that most tables have for them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.page import Cell
from strategic_memory_server.replay.formats.cells import is_false, is_given, is_one_of, text_of
from strategic_memory_server.replay.formats.format import MONEY, Format, Results, found

BESIDE = {
    ours: (ours,)
    for ours in names.COLUMNS
    if ours not in (names.TIME, names.OPENED, names.PNL, names.REALIZED_PNL, names.TRADE_ID)
}
"""What a table of any format may hold beside its own columns: a regime, a policy, what each policy would have earned.
"""

_OPENED = (
    "opened", "opened_at", "entry time", "open time", "entry date", "open date", "time opened", "date opened",
    "entry timestamp", "open timestamp", "opening time", "ts opened", "entry datetime", "entry dt", "open dt",
    "opened date", "opened time", "date acquired", "open datetime", "opening datetime", "entered at",
    "position opening time",
)  # fmt: skip

_CLOSED = (
    "exit time", "close time", "closed at", "exit date", "close date", "time closed", "date closed",
    "exit timestamp", "close timestamp", "closing time", "ts closed", "exit datetime", "exit dt", "close dt",
    "closed date", "closed time", "date sold", "close datetime", "closing datetime", "exited at",
    "position closing time",
)  # fmt: skip
"""Names of the close: beside one of them `time` is the opening."""

_CURRENCY = (
    "pnl currency", "profit currency", "currency", "settlement currency", "settle currency", "settle coin",
    "quote currency", "quote asset", "margin asset", "account currency", "ccy", "quote ccy", "pnl ccy", "quote",
    "balance unit", "settl currency", "margin currency", "margin coin",
)  # fmt: skip

_COSTS = tuple(
    f"{name}{money}"
    for name in (
        "fees", "fee", "commission", "commissions", "total fees", "total commission", "swap", "swaps", "rollover",
        "funding", "funding fee", "funding fees", "interest", "slippage", "brokerage", "charges", "tax", "taxes",
    )
    for money in ("", f" {MONEY}")
)  # fmt: skip
_AFTER_COSTS = re.compile(r"net(?![a-z])", re.IGNORECASE)

_OPEN = frozenset((
    "open", "opened", "still open", "open trade", "open position", "not closed", "active", "running", "ongoing", "live",
    "in progress", "pending", "unrealized", "unrealised",
))  # fmt: skip
_NEVER = frozenset(("canceled", "cancelled", "rejected", "void", "voided", "unfilled", "not filled", "never filled"))
_YES, _NO = is_one_of("1", "1.0", "true", "yes", "y"), is_one_of("0", "0.0", "false", "no", "n")
_STILL_OPEN, _DELETED = "trades still open", "trades that were deleted"
_OF_STATUS = ("status", "state", "trade status", "trade state", "position status")


def _is_moment(cell: Cell) -> bool:
    """Tell whether a cell holds a time, and not what MySQL and others write for none."""
    text = text_of(cell)
    return is_given(cell) and not is_false(cell) and text != r"\N" and not text.startswith("0000-00-00")


_CLOSED_TRADES = (
    Results(_OF_STATUS, lambda cell: _words(cell) not in _OPEN, _STILL_OPEN),
    Results(
        _OF_STATUS,
        lambda cell: _words(cell) not in _NEVER,
        "trades that were cancelled",
        kept="were cancelled, or the like, and have a result, as those that were filled in part: they count",
    ),
    Results(("exit reason", "exit type", "close reason"), lambda cell: _words(cell) not in _OPEN, _STILL_OPEN),
    Results(("is open", "still open"), lambda cell: not _YES(cell), _STILL_OPEN),
    Results(("is closed", "closed"), lambda cell: not _NO(cell), _STILL_OPEN),
    Results(("is deleted", "deleted"), lambda cell: not _YES(cell), _DELETED),
    Results(("deleted at",), lambda cell: not _is_moment(cell), _DELETED),
)

_NO_RESULT = re.compile(
    r"(?:(?:long|short) )?(?:entry|enter|open|buy to open|sell to open|deposit|withdraw(?:al)?|transfer|balance|"
    r"funding(?: fee)?|fees?|commission|interest|dividend|rebate|(?:daily |overnight )?financing|"
    r"overnight (?:fee|interest)|rollover (?:fee|charge|interest|swap)s?|bonus|(?:withholding )?tax|cashback|"
    r"unreali[sz]ed(?: pnl| p&l| profit)?)(?: ?(?:long|short|buy|sell|in|out))?"
)
_KINDS_OF_ROWS = tuple(
    Results((name,), lambda cell: not _NO_RESULT.fullmatch(_words(cell)), "rows that open, deposits, fees and the like")
    for name in (
        "type",
        "trade type",
        "transaction type",
        "action",
        "event",
        "entry/exit",
        "open/close",
        "description",
        "category",
        "operation",
        "dir",
        "direction",
        "side",
        "trade",
        "position",
    )
)


def _words(cell: Cell) -> str:
    return text_of(cell).casefold().replace("_", " ").replace("-", " ")


OWN_COLUMNS = Format(
    name="our own columns",
    known_by=("time",),
    columns={
        **BESIDE,
        names.TIME: (*_CLOSED, "time"),
        names.OPENED: _OPENED,
        names.PNL: ("pnl",),
        names.REALIZED_PNL: ("realized_pnl",),
        names.TRADE_ID: ("trade_id",),
    },
    kind="",
    currency=_CURRENCY,
    results=(*_CLOSED_TRADES, *_KINDS_OF_ROWS),
)

COMMON_NAMES = Format(
    name="columns known by common names",
    known_by=(),
    columns={
        **BESIDE,
        names.TIME: (
            *_CLOSED, "time", "closed", "timestamp", "datetime", "date time", "date/time", "date and time", "date(utc)",
            "time(utc)", "utc time", "date",
        ),
        names.OPENED: _OPENED,
        names.PNL: ("pnl",),
        names.REALIZED_PNL: (
            "realized_pnl", f"realized_pnl {MONEY}", f"pnl {MONEY}", f"net pnl {MONEY}", f"net profit {MONEY}",
            f"profit {MONEY}", f"p&l {MONEY}", f"net p&l {MONEY}",
            "realised pnl", "realized profit", "realised profit", "net pnl", "net profit", "profit",
            "p&l", "net p&l", "closed p&l", "closed pnl", "realized p&l", "realised p&l", "profit/loss", "p/l", "pl",
            "net p/l", "realized p/l", "realised p/l",
            "profit loss", "gain/loss", f"gain/loss {MONEY}", "realized gain/loss", f"realized gain/loss {MONEY}",
        ),
        names.TRADE_ID: ("trade_id",),
    },
    kind="",
    currency=_CURRENCY,
    results=(*_CLOSED_TRADES, *_KINDS_OF_ROWS),
)  # fmt: skip


def with_opening(columns: Mapping[str, str], table: Collection[str]) -> dict[str, str]:
    """Return columns of a table by our names, with `time` as the opening where another is the close.

    Only what has a result has an opening: a candle with an observation is no trade.
    """
    if not {names.PNL, names.REALIZED_PNL, *names.POLICY_PNL} & set(columns):
        return {ours: theirs for ours, theirs in columns.items() if ours != names.OPENED}
    time = found(["time"], table)
    is_opening = time is not None and names.TIME in columns and time not in columns.values()
    return {names.OPENED: time, **columns} if time is not None and is_opening else dict(columns)


def is_close(column: str) -> bool:
    """Tell whether a column is called as the close of a trade is."""
    return found(_CLOSED, [column]) is not None


def costs_told(read: Format, columns: Mapping[str, str], table: Collection[str]) -> tuple[str, ...]:
    """Return what is worth telling of costs beside a pnl whose name does not say that they are taken from it.

    Args:
        read: what the table was recognised as: a tool's format says it.
        columns: the columns that are read, by our names.
        table: all columns of the table.
    """
    pnl = next((columns[ours] for ours in (names.PNL, names.REALIZED_PNL) if ours in columns), None)
    if read not in (OWN_COLUMNS, COMMON_NAMES) or pnl is None or _AFTER_COSTS.match(pnl):
        return ()
    costs = dict.fromkeys(cost for name in _COSTS if (cost := found((name,), table)) and cost != pnl)
    listed = " and ".join(costs) + (" is" if len(costs) == 1 else " are")
    return (f"nothing says whether {listed} taken from it",) if costs else ()


_LIKE_RESULTS = re.compile(r"pnl|p ?[&/]? ?l(?![a-z])|profit|gain|return|earn", re.IGNORECASE)


def results_told(columns: Mapping[str, str], table: Collection[str]) -> tuple[str, ...]:
    """Return what is worth telling of a table that says nothing of what was earned: which column may.

    Args:
        columns: the columns that are read, by our names.
        table: all columns of the table.
    """
    if {names.PNL, names.REALIZED_PNL, *names.POLICY_PNL} & set(columns):
        return ()
    read = set(columns.values())
    like = [name for name in table if name not in read and _LIKE_RESULTS.search(name.replace("_", " "))]
    return tuple(f"read without a pnl: is {name} what was earned? --map 'realized_pnl={name}'" for name in like[:1])
