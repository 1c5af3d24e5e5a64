"""Tradovate: the performance of an account, pairs of fills of which either may be the close."""

from __future__ import annotations

from collections.abc import Iterator

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.page import Cell, TablePage, overlaid
from strategic_memory_server.replay.formats.cells import text_of
from strategic_memory_server.replay.formats.format import Format, found
from strategic_memory_server.replay.written.number_parts import plain_signs
from strategic_memory_server.replay.written.time_text import time_parts
from strategic_memory_server.replay.written.ways import Declared

_BOUGHT, _SOLD = "boughtTimestamp", "soldTimestamp"
_EARLIER, _LATER = (f"the {which} of {_BOUGHT} and {_SOLD}" for which in ("earlier", "later"))


def _in_order(pages: Iterator[TablePage]) -> Iterator[TablePage]:
    """Put the earlier and the later fill of each pair beside it: what was sold first was a short one."""
    for page in pages:
        bought, sold = (page.columns[found([name], page.columns) or name] for name in (_BOUGHT, _SOLD))
        pairs = [sorted(pair, key=_place) for pair in zip(bought, sold, strict=True)]
        yield overlaid(page, {_EARLIER: [one for one, _ in pairs], _LATER: [other for _, other in pairs]})


def _place(cell: Cell) -> tuple[int, ...]:
    """Return what tells which of two times is the earlier; what is none is the later, and refused."""
    parts = time_parts(plain_signs(text_of(cell)))
    if parts is None:
        return (9999,)
    one, two, three = parts.date
    return (one, two, three, *parts.clock) if parts.is_sure else (three, one, two, *parts.clock)


PERFORMANCE = Format(
    name="Tradovate performance",
    known_by=("buyFillId", "sellFillId", "pnl", _BOUGHT, _SOLD),
    columns={names.TIME: (_LATER,), names.OPENED: (_EARLIER,), names.REALIZED_PNL: ("pnl",)},
    pnl="money, before fees",
    zone="as the account has it, UTC without --zone",
    declared={names.TIME: Declared(order="mdy"), names.OPENED: Declared(order="mdy")},
    rows=_in_order,
    made=(_EARLIER, _LATER),
)
