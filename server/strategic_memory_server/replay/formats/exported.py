"""What `export` of this service has written, as far as its columns do not say what its rows are."""

from __future__ import annotations

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.formats.format import Format

PORTFOLIO = Format(
    name="portfolio entries of an export",
    known_by=("time", "id", "regime", "pnl", "opened_at", "fields"),
    columns={names.TIME: ("time",), names.OPENED: ("opened_at",), names.PNL: ("pnl",)},
    pnl="as it was written",
    kind="portfolio",
)
"""By its columns one with a regime would be an observation, and one with an opening a trade. A later version may write
more of them.
"""
