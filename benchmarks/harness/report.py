"""The table that every measure prints."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.harness.machine import machine
from benchmarks.harness.measure import Hold, Measure

_HEAD = ("what", "ours", "floor", "ratio", "(min to max)", "hold", "verdict", "rounds")


def print_report(title: str, measures: Sequence[Measure], notes: Sequence[str] = ()) -> None:
    """Print the rows of one run, what they were taken on, and notes."""
    rows = [_HEAD, *(_cells(measure) for measure in measures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    print(f"\n{title}\n  {machine()}")
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for note in notes:
        print(f"  {note}")


def _cells(measure: Measure) -> tuple[str, ...]:
    ratios = measure.ratios
    return (
        measure.what,
        _figure(median(measure.ours), measure.unit),
        _figure(median(measure.floor), measure.unit) if measure.floor else "",
        _ratio(measure.ratio) if ratios else "",
        f"{_ratio(min(ratios))} to {_ratio(max(ratios))}" if ratios else "",
        _bound(measure.hold, measure.unit),
        measure.verdict,
        str(len(measure.ours)),
    )


def _figure(value: float, unit: str) -> str:
    digits = 0 if value >= 1_000 else 1 if value >= 100 else 2
    return f"{value:,.{digits}f} {unit}"


def _ratio(value: float) -> str:
    return f"{value:,.2f}" if value < 1_000 else f"{value:,.0f}"


def _bound(hold: Hold | None, unit: str) -> str:
    if hold is None:
        return ""
    return f"{hold.direction.value} {hold.bound:g}" + (f" {unit}" if hold.of_ours else "")
