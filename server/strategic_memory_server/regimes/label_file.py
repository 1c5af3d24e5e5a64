"""Labels as a file that `replay` reads: observations without a pnl."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from strategic_memory_server.files.moved import move
from strategic_memory_server.regimes.labelling import TimedLabel

COLUMNS = ("time", "kind", "regime", "confidence", "volatility", "trend")


def write_labels(path: Path, labels: Iterable[TimedLabel]) -> int:
    """Write labels as CSV, whole or not at all; return their number. Raises OSError."""
    written = 0
    # Another run may write the same at this moment.
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.unfinished")
    try:
        with unfinished.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for timed in labels:
                at = datetime.fromtimestamp(timed.time_ms / 1000.0, UTC).isoformat(timespec="milliseconds")
                label = timed.label
                figures = (f"{label.confidence:.4f}", f"{label.volatility:.8f}", f"{label.trend:.8f}")
                writer.writerow([at.replace("+00:00", "Z"), "regime", label.regime, *figures])
                written += 1
        move(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return written
