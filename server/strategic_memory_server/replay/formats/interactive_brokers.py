"""Interactive Brokers: trades of a Flex query (CSV or XML), and of an activity statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.page import Cell, TablePage, overlaid
from strategic_memory_server.replay.formats.cells import is_not_zero, is_one_of, text_of
from strategic_memory_server.replay.formats.format import Format, Results, UnclearRowsError, found

_ZONE = "as the report was asked for, UTC without --zone"
_CURRENCY = ("CurrencyPrimary", "currency")
_RATE = ("FXRateToBase",)
_LEVEL = ("LevelOfDetail", "DataDiscriminator")
_LEVELS = ("execution", "trade", "order", "closed_lot", "closedlot")
"""What a row can be: of several that say the same, the rows of the first are read."""

_PNL = ("FifoPnlRealized", "Realized P/L")
_THE_LEVEL, _IS_READ = "whether a row is of the level that is read", "yes"


def _in_one_currency(pages: Iterator[TablePage]) -> Iterator[TablePage]:
    """Write pnl in the currency of the account, and mark the rows of one level.

    Where a column says the rate that is done also with a single currency: another month may have two.
    """
    held = list(pages)
    currencies = sorted({text for page in held for cell in _cells(page, _CURRENCY) if (text := text_of(cell))})
    levels = {text_of(cell).casefold() for page in held for cell in _cells(page, _LEVEL)}
    level = next((each for each in _LEVELS if each in levels), "")
    for page in held:
        columns: dict[str, Sequence[Cell]] = {}
        of_level = [not level or text_of(cell).casefold() == level for cell in _cells(page, _LEVEL)]
        columns[_THE_LEVEL] = [_IS_READ if each else "" for each in of_level] or [_IS_READ] * len(page.lines)
        pnl = found(_PNL, page.columns)
        if pnl is not None and (len(currencies) > 1 or found(_RATE, page.columns) is not None):
            columns[pnl] = _in_base(page, pnl, currencies)
        yield overlaid(page, columns)


def _cells(page: TablePage, wanted: Sequence[str]) -> Sequence[Cell]:
    column = found(wanted, page.columns)
    return () if column is None else page.columns[column]


def _in_base(page: TablePage, pnl: str, currencies: Sequence[str]) -> list[Cell]:
    rate = found(_RATE, page.columns)
    if rate is None:
        raise UnclearRowsError(
            f"the trades are in {', '.join(currencies)}, and no column says what these are worth in one currency: add "
            "FXRateToBase to the query"
        )
    return [_product(*pair) for pair in zip(page.columns[pnl], page.columns[rate], strict=True)]


def _product(pnl: Cell, rate: Cell) -> Cell:
    """Return a pnl in the account's currency; one without a rate is made what no number is read from."""
    if not is_not_zero(pnl):
        return pnl
    try:
        earned, worth = float(text_of(pnl).replace(",", "")), float(text_of(rate))
    except ValueError:
        earned = worth = 0.0
    return earned * worth if worth > 0.0 else f"{text_of(pnl)} at the rate {text_of(rate)!r}"


_RESULTS = (
    Results((_THE_LEVEL,), is_one_of(_IS_READ), "rows that say the same in more or less detail"),
    Results(_PNL, is_not_zero, "trades that open"),
)

FLEX = Format(
    name="Interactive Brokers Flex trades",
    known_by=("Symbol", ("DateTime", "Date/Time", "TradeDate"), "FifoPnlRealized"),
    columns={
        names.TIME: ("DateTime", "Date/Time", "TradeDate"),
        names.OPENED: ("OpenDateTime",),
        names.REALIZED_PNL: ("FifoPnlRealized",),
        names.TRADE_ID: ("TransactionID", "TradeID"),
    },
    pnl="money, after commission",
    zone=_ZONE,
    results=_RESULTS,
    rows=_in_one_currency,
    made=(_THE_LEVEL,),
    tables=("Trade", "Order", "Lot"),
)

ACTIVITY = Format(
    name="Interactive Brokers activity statement",
    known_by=("Symbol", "Date/Time", "Quantity", "Realized P/L"),
    columns={names.TIME: ("Date/Time",), names.REALIZED_PNL: ("Realized P/L",)},
    pnl="money, after commission",
    zone=_ZONE,
    results=_RESULTS,
    rows=_in_one_currency,
    made=(_THE_LEVEL,),
)
