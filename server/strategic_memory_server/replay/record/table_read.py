"""TableRead: what was read of one table, and as what, as a summary tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strategic_memory_server.replay.files import column_names as names
from strategic_memory_server.replay.files.errors import printable
from strategic_memory_server.replay.formats.naming import WITHOUT_NAME
from strategic_memory_server.replay.formats.own_columns import costs_told, results_told
from strategic_memory_server.replay.formats.reading import TableReading
from strategic_memory_server.replay.record.entry_columns import Kind


@dataclass(frozen=True, slots=True)
class TableRead:
    """One table, once it has been read.

    Attributes:
        file: its file.
        table: where it is in the file; empty where the file is the table.
        called: what messages call it, both in one.
        format: what it was recognised as.
        by_kind: number of usable rows by what they were taken for: `regime`, `portfolio`, `trade`.
        left_out: number of rows that are no results, by what they are.
        columns: its columns that were read, by our names.
        pnl: what its pnl is, in words: money or a fraction, before or after costs.
        unit: of its pnl: `fractions`, a currency, `money`; empty where nothing says it.
        zone: the zone of its times, in words.
        notes: what is worth telling of how it was found.
    """

    file: str
    table: str
    called: str
    format: str
    by_kind: Mapping[str, int]
    left_out: Mapping[str, int]
    columns: Mapping[str, str]
    pnl: str
    unit: str
    zone: str
    notes: Sequence[str]

    @property
    def map_of_results(self) -> str:
        """What maps its results to the column where they are, and keeps the kind of its rows; empty where none does."""
        is_of_trades = names.REALIZED_PNL in self.columns or set(self.by_kind) == {Kind.TRADE.name.lower()}
        column = self.columns.get(names.REALIZED_PNL, self.columns.get(names.PNL))
        return f"realized_pnl={column or WITHOUT_NAME}" if is_of_trades and column is not None else ""

    def describe(self) -> str:
        """Return the line of a summary: the table, as what it was read, and what was left out."""
        taken = " and ".join(f"{count:,} {kind} rows" for kind, count in self.by_kind.items()) or "no usable row"
        times = [
            f"{ours} at {self.columns[ours] or WITHOUT_NAME}"
            for ours in (names.TIME, names.OPENED)
            if ours in self.columns
        ]
        pnl = next((self.columns[ours] for ours in (names.PNL, names.REALIZED_PNL) if ours in self.columns), None)
        parts = [taken, *times, *([f"whose zone is {self.zone}"] if self.zone != "UTC" else [])]
        parts += [] if pnl is None else [f"pnl at {pnl}" + (f" ({self.pnl})" if self.pnl else "")]
        parts += self.notes
        parts += [f"left out: {count:,} {others}" for others, count in self.left_out.items()]
        where = f"{self.file} ({self.table})" if self.table else self.file
        return printable(f"{where}: {self.format}, {', '.join(parts)}")


def table_read(file: str, called: str, reading: TableReading, counts: Sequence[int], unit: str) -> TableRead:
    """Return what was read of a table, once its pages were.

    Args:
        file: its file.
        called: what messages call it.
        reading: how it was read.
        counts: number of its usable rows of each `Kind`.
        unit: of its pnl.
    """
    return TableRead(
        file=file,
        table=", ".join(reading.table.path),
        called=called,
        format=reading.format.name,
        by_kind={kind.name.lower(): count for kind, count in zip(Kind, counts, strict=True) if count},
        left_out=dict(reading.left_out),
        columns=dict(reading.columns),
        pnl="" if reading.mapped & {names.PNL, names.REALIZED_PNL} else reading.format.pnl,
        unit=unit,
        zone="UTC" if names.TIME in reading.mapped or reading.zone_said(names.TIME) else reading.format.zone,
        notes=(
            *reading.notes,
            *costs_told(reading.format, reading.columns, reading.table.columns),
            *results_told(reading.columns, reading.table.columns),
        ),
    )
