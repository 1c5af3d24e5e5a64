"""How much a reading of files may hold."""

from __future__ import annotations

from pathlib import Path

from strategic_memory_server.replay.files.errors import ReplayError
from strategic_memory_server.replay.record.entry_columns import EntryReader

MAX_ROWS = 5_000_000
"""Most entries of a record: some 100 bytes each are held, and twice as much while they are put in order."""

MOST_REGIMES = 1_000
"""Most different regimes: each has sums and figures of its own."""

MOST_STRATEGIES = 10_000
"""Most different strategies."""


def require_few(reader: EntryReader, rows: int, file: Path) -> None:
    """Refuse more than is held: codes of regimes and strategies have 16 bits.

    Args:
        reader: has read the rows, and knows the names.
        rows: number of usable rows so far.
        file: what is being read.

    Raises:
        ReplayError: there are more rows, regimes or strategies.
    """
    if rows > MAX_ROWS:
        raise ReplayError(
            f"{file}: with it there are more than {MAX_ROWS:,} rows, and no more are held in memory; take a shorter "
            "span of time, or each market or strategy by itself"
        )
    for what, table, most in (
        ("regime", reader.regimes, MOST_REGIMES),
        ("strategy", reader.strategies, MOST_STRATEGIES),
    ):
        if len(table.names) > most:
            raise ReplayError(
                f"{file}: its {what} column holds more than {most} different names: is it the right column? "
                f"--map {what}=<the column with the {what}>"
            )
