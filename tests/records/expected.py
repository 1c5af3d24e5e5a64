"""What the tools said of the exports that they wrote, as it stands beside them in `exports/`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

EXPORTS = Path(__file__).parent / "exports"


@dataclass(frozen=True, slots=True)
class Export:
    """A file that a tool wrote, and the tool's own figures.

    Attributes:
        path: the file.
        tool: name of the tool, as its package is called.
        version: of the tool.
        kind: `trade`, or `portfolio` for the returns of periods.
        results: how many closed trades, or returns; without those that are open.
        pnl: the sum of what they earned, in the unit of the file.
        first_opened_ms: when the first of them was opened, milliseconds since 1970-01-01 UTC.
        last_closed_ms: when the last of them was closed.
        open: how many trades were open at the end.
    """

    path: Path
    tool: str
    version: str
    kind: str
    results: int
    pnl: float
    first_opened_ms: int
    last_closed_ms: int
    open: int


def exports_of(said: Path) -> list[Export]:
    """Return the exports beside a tool's JSON."""
    whole = json.loads(said.read_text())
    return [
        Export(
            said.parent / name, whole["tool"], whole["version"], each["kind"], each["results"], each["pnl"],
            _ms(each["first_opened"]), _ms(each["last_closed"]), each.get("open", 0),
        )
        for name, each in whole["exports"].items()
    ]  # fmt: skip


def all_exports() -> list[Export]:
    """Return the exports that are kept in this repository."""
    return [export for said in sorted(EXPORTS.glob("*.expected.json")) for export in exports_of(said)]


def _ms(text: str) -> int:
    time = datetime.fromisoformat(text)
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
