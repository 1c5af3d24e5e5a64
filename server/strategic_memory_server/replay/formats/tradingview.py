"""TradingView: a strategy's list of trades, CSV or a sheet of its xlsx, with an entry row and an exit row a trade."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.page import Cell, TablePage, overlaid
from strategic_memory_server.replay.formats.cells import begins_with, is_given, text_of
from strategic_memory_server.replay.formats.format import CURRENCY, Format, Results, UnclearRowsError, found

_NUMBER = ("Trade #", "Trade number")
_TIME = ("Date and time", "Date/Time")
_OPENED = "entry of the trade"
_is_entry, _is_exit = begins_with("entry"), begins_with("exit")


def _with_entries(pages: Iterator[TablePage]) -> Iterator[TablePage]:
    """Put the time of its entry beside each row of a trade, in whichever order they come.

    Raises:
        UnclearRowsError: a trade is entered twice, at different times, or a row is neither an entry nor an exit.
    """
    held = list(pages)
    entered: dict[str, Cell] = {}
    for page in held:
        for number, kind, time in zip(*_columns(page), strict=True):
            if not (_is_entry(kind) or _is_exit(kind)) and is_given(kind):
                raise UnclearRowsError(
                    f"the type {text_of(kind)[:40]!r} of trade {text_of(number)} is neither an entry nor an exit: "
                    "export it in English, or leave such rows out"
                )
            if _is_entry(kind) and entered.setdefault(text_of(number), time) != time:
                trade = text_of(number)
                raise UnclearRowsError(
                    f"trade {trade} is entered at {text_of(entered[trade])} and at {text_of(time)}: of two lists that "
                    "were joined nothing says which entry is whose; make a file of each"
                )
    for page in held:
        yield overlaid(page, {_OPENED: [entered.get(text_of(number)) for number in _columns(page)[0]]})


def _columns(page: TablePage) -> tuple[list[Cell], list[Cell], list[Cell]]:
    number, kind, time = (found(wanted, page.columns) for wanted in (_NUMBER, ("Type",), _TIME))
    if number is None or kind is None or time is None:
        return [], [], []
    return list(page.columns[number]), list(page.columns[kind]), list(page.columns[time])


_PNL = (
    f"Net P&L {CURRENCY}", f"Net PnL {CURRENCY}", "Net P&L", "Net PnL", f"Profit {CURRENCY}", "Profit",
    f"P&L {CURRENCY}", f"PnL {CURRENCY}",
)  # fmt: skip

LIST_OF_TRADES = Format(
    name="TradingView list of trades",
    known_by=(_NUMBER, "Type", "Signal", _TIME, _PNL),
    columns={names.TIME: _TIME, names.OPENED: (_OPENED,), names.REALIZED_PNL: _PNL},
    pnl="money, after commission",
    zone="that of the chart, UTC without --zone",
    results=(
        Results(("Type",), _is_exit, "entries, whose exits say the result"),
        Results(("Signal",), lambda cell: text_of(cell).casefold() != "open", "trades still open"),
    ),
    rows=_with_entries,
    made=(_OPENED,),
    is_run=True,
)
