"""What fault runs have come to, as lines of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from chaos.run import Outcome

_HEADER = ("run", "seed", "faults", "revisions", "checked", "replaced within", "took", "violations")
_WIDTHS = (18, 6, 6, 9, 8, 15, 8, 10)


def header() -> str:
    """Return the first line."""
    return _line(_HEADER)


def row(outcome: Outcome) -> str:
    """Return the line of a run. "replaced within": longest time until another server led, seconds."""
    slowest = f"{max(outcome.replacement_s):.2f} s" if outcome.replacement_s else "-"
    return _line(
        (
            outcome.run,
            str(outcome.seed),
            str(outcome.faults.total()),
            str(outcome.revisions),
            str(outcome.deliveries),
            slowest,
            f"{outcome.seconds:.1f} s",
            str(len(outcome.problems)),
        )
    )


def totals(outcomes: Iterable[Outcome]) -> str:
    """Return the last lines: everything in all, and each kind of fault."""
    every = list(outcomes)
    faults = sum((outcome.faults for outcome in every), start=Counter[str]())
    replaced = sorted(time_s for outcome in every for time_s in outcome.replacement_s)
    lines = [
        ", ".join(
            (
                f"{len(every)} runs",
                f"{sum(outcome.revisions for outcome in every)} revisions",
                f"{sum(outcome.deliveries for outcome in every)} deliveries checked",
                f"{sum(len(outcome.problems) for outcome in every)} violations",
            )
        )
    ]
    if replaced:
        middle, last = replaced[len(replaced) // 2], replaced[-1]
        lines.append(f"another server led within {middle:.2f} s (median), {last:.2f} s (longest) of {len(replaced)}")
    lines += [f"{count:5} {name}" for name, count in sorted(faults.items())]
    return "\n".join(lines)


def _line(cells: tuple[str, ...]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
