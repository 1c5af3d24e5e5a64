"""The formats that are known, as the rows of a table to be read."""

from __future__ import annotations

from collections.abc import Sequence

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.format import Format
from strategic_memory_server.replay.formats.known import FORMATS
from strategic_memory_server.replay.formats.own_columns import COMMON_NAMES, OWN_COLUMNS

HEAD = ("format", "known by", "time, opened", "pnl", "left out")
Row = Sequence[str]


def listed() -> list[Row]:
    """Return a row for each format, in the order of `HEAD`."""
    return [_row(each) for each in (*FORMATS, OWN_COLUMNS, COMMON_NAMES)]


def _row(known: Format) -> Row:
    known_by = ", ".join(map(_alternatives, known.known_by)) or "its time and its pnl"
    if known.refused:
        return (known.name, known_by, "", "", f"everything: {known.refused}")
    times = [_alternatives(known.columns[ours]) for ours in (names.TIME, names.OPENED) if ours in known.columns]
    zone = [] if known.zone == "UTC" else [f"zone: {known.zone}"]
    pnl = _alternatives([*known.columns.get(names.PNL, ()), *known.columns.get(names.REALIZED_PNL, ())])
    left_out = "; ".join(each.others for each in known.results)
    return (known.name, known_by, "; ".join([*times, *zone]), "; ".join(filter(None, (pnl, known.pnl))), left_out)


def _alternatives(wanted: str | Sequence[str]) -> str:
    return wanted if isinstance(wanted, str) else " or ".join(name or "(no name)" for name in wanted)
