"""The table that every measure prints, and the same figures as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness.machine import machine
from benchmarks.harness.measure import Hold, Measure, Of

_HEAD = ("what", "ours", "floor", "ratio", "(min to max)", "hold", "verdict", "rounds")
_HEAD_OF_THEIRS = ("theirs", "ours/theirs", "(min to max)")


def report(json_file: Path | None, title: str, measures: Sequence[Measure], notes: Sequence[str] = ()) -> None:
    """Print the rows of one run, what they were taken on, and notes; with a file, write their figures there too."""
    taken_on = machine()
    with_theirs = any(measure.theirs for measure in measures)
    head = (*_HEAD[:5], *_HEAD_OF_THEIRS, *_HEAD[5:]) if with_theirs else _HEAD
    rows = [head, *(_cells(measure, with_theirs=with_theirs) for measure in measures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    print(f"\n{title}\n  {taken_on}")
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for note in notes:
        print(f"  {note}")
    sys.stdout.flush()
    if json_file is not None:
        figures = {"title": title, "machine": taken_on, "rows": [_figures(each) for each in measures]}
        json_file.write_text(json.dumps({**figures, "notes": list(notes)}, ensure_ascii=False, indent=1) + "\n")


def _cells(measure: Measure, *, with_theirs: bool) -> tuple[str, ...]:
    theirs = (_side(measure.theirs, measure.unit), *_ratios(measure.ratios_to_theirs)) if with_theirs else ()
    return (
        measure.what,
        _side(measure.ours, measure.unit),
        _side(measure.floor, measure.unit),
        *_ratios(measure.ratios),
        *theirs,
        _bound(measure.hold, measure.unit),
        measure.verdict,
        str(len(measure.ours)),
    )


def _side(figures: Sequence[float], unit: str) -> str:
    if not figures:
        return ""
    value = median(figures)
    digits = 0 if value >= 1_000 else 1 if value >= 100 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def _ratios(ratios: Sequence[float]) -> tuple[str, str]:
    if not ratios:
        return "", ""
    return _ratio(median(ratios)), f"{_ratio(min(ratios))} to {_ratio(max(ratios))}" if len(ratios) > 1 else ""


def _ratio(value: float) -> str:
    return f"{value:,.2f}" if value < 1_000 else f"{value:,.0f}"


def _bound(hold: Hold | None, unit: str) -> str:
    if hold is None:
        return ""
    of = {Of.RATIO: "", Of.OURS: f" {unit}", Of.THEIRS: " of theirs"}[hold.of]
    return f"{hold.direction.value} {hold.bound:g}{of}"


def _figures(measure: Measure) -> dict[str, Any]:
    hold = measure.hold
    return {
        "what": measure.what,
        "unit": measure.unit,
        "ours": list(measure.ours),
        "floor": list(measure.floor),
        "theirs": list(measure.theirs),
        "ratio": median(measure.ratios) if measure.floor else None,
        "ratio_to_theirs": median(measure.ratios_to_theirs) if measure.theirs else None,
        "hold": None if hold is None else {"bound": hold.bound, "direction": hold.direction.value, "of": hold.of.value},
        "verdict": measure.verdict,
    }
