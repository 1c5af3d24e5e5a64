"""Our own columns, and the names that most tables have for them."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.format import MONEY, Format

BESIDE = {
    ours: (ours,)
    for ours in names.COLUMNS
    if ours not in (names.TIME, names.OPENED, names.PNL, names.REALIZED_PNL, names.TRADE_ID)
}
"""What a table of any format may hold beside its own columns: a regime, a policy, what each policy would have earned.
"""

_OPENED = ("opened", "opened_at")

OWN_COLUMNS = Format(
    name="our own columns",
    known_by=("time",),
    columns={
        **BESIDE,
        names.TIME: ("time",),
        names.OPENED: _OPENED,
        names.PNL: ("pnl",),
        names.REALIZED_PNL: ("realized_pnl",),
        names.TRADE_ID: ("trade_id",),
    },
    kind="",
)

COMMON_NAMES = Format(
    name="columns known by common names",
    known_by=(),
    columns={
        **BESIDE,
        names.TIME: (
            "time", "exit time", "close time", "closed at", "exit date", "close date", "time closed", "date closed",
            "exit timestamp", "close timestamp", "closing time", "ts closed", "exit datetime", "exit dt", "close dt",
            "closed", "timestamp", "datetime", "date time", "date/time", "date and time", "date(utc)", "time(utc)",
            "utc time", "date",
        ),
        names.OPENED: (
            *_OPENED, "entry time", "open time", "entry date", "open date", "time opened", "date opened",
            "entry timestamp", "open timestamp", "opening time", "ts opened", "entry datetime", "entry dt", "open dt",
        ),
        names.PNL: ("pnl",),
        names.REALIZED_PNL: (
            "realized_pnl", f"realized_pnl {MONEY}", f"pnl {MONEY}", f"net pnl {MONEY}", f"net profit {MONEY}",
            f"profit {MONEY}", f"p&l {MONEY}", f"net p&l {MONEY}",
            "realised pnl", "realized profit", "realised profit", "net pnl", "net profit", "profit",
            "p&l", "net p&l", "closed p&l", "closed pnl", "realized p&l", "realised p&l", "profit/loss", "p/l", "pl",
        ),
        names.TRADE_ID: ("trade_id",),
    },
    kind="",
)  # fmt: skip
