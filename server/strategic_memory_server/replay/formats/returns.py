"""A series of returns with a date index, as quantstats and pandas write one: two columns, a date and a return."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.page import TablePage
from strategic_memory_server.replay.formats.cells import is_given, text_of
from strategic_memory_server.replay.formats.format import Format, Results, UnclearRowsError, found

_DATES = ("date", "datetime", "timestamp", "index", "time", "unnamed: 0", "")
_RETURNS = (
    "returns", "return", "strategy", "daily return", "daily returns", "strategy return", "strategy returns",
    "net return", "net returns", "portfolio return", "portfolio returns", "ret", "pct_change", "0",
)  # fmt: skip

_NOT_ABOVE_0 = ("", "-", "\N{MINUS SIGN}", "(")
"""What a number that is not above 0 begins with, once its zeros are gone."""

_LEVELS = 30
"""So many periods in a row do not all earn something."""


def _changes(pages: Iterator[TablePage]) -> Iterator[TablePage]:
    """Refuse the value of a portfolio in place of its changes: it is above 0 throughout."""
    periods, is_level = 0, True
    for page in pages:
        column = found(_RETURNS, page.columns)
        given = [cell for cell in page.columns.get(column or "", ()) if is_given(cell)]
        periods += len(given)
        is_level = is_level and not any(text_of(cell).strip("0.,%")[:1] in _NOT_ABOVE_0 for cell in given)
        yield page
    if is_level and periods >= _LEVELS:
        raise UnclearRowsError(
            f"none of {periods:,} periods earned 0 or less: that looks like the value of a portfolio, or a price; "
            "give its changes, as `series.pct_change()`"
        )


RETURNS = Format(
    name="series of returns",
    known_by=(_DATES, _RETURNS),
    columns={names.TIME: _DATES, names.PNL: _RETURNS},
    pnl="a fraction of the portfolio, each period",
    kind="portfolio",
    rows=_changes,
    results=(Results(_RETURNS, is_given, "periods without a return"),),
    most_columns=2,
)
