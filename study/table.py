"""The table that the study prints."""

from __future__ import annotations

import math
from collections.abc import Sequence

from study.row import Row

_HEAD = ("test", "hold", "measured", "standard error", "verdict")


def lines(rows: Sequence[Row], *, short: bool) -> list[str]:
    """Lay out rows, with a head."""
    cells = [_HEAD, *(_cells(row, short=short) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _cells(row: Row, *, short: bool) -> tuple[str, ...]:
    error = f"{row.standard_error:.2g}" if row.standard_error else ""
    measured = "" if math.isnan(row.measured) else f"{row.measured:.4g}" + (f" {row.unit}" if row.unit else "")
    hold = "" if row.hold is None else str(row.hold) + (f" {row.unit}" if row.unit else "")
    test = f"{row.test} ({row.learner})" if row.learner else row.test
    return (test, hold, measured, error, row.verdict(short=short))
