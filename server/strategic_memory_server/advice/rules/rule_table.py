"""Rule tables: rows that one can read, and what a row compared when it was tried.

A row is for one regime or for any, and asks that measurements lie above thresholds. The first row that matches wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

OutcomeT_co = TypeVar("OutcomeT_co", covariant=True)
OutcomeT = TypeVar("OutcomeT")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A number that a rule looked at, and what it was held against.

    `value` is None where the measurement is not defined; it is compared as 0 then.
    """

    measurement: str
    value: float | None
    operator: str
    threshold: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Row(Generic[OutcomeT_co]):
    """One row: where it applies, what it asks for, and what it gives.

    Attributes:
        outcome: what the row gives.
        regimes: regimes it is for, upper case; empty: any.
        win_rate_above: the win rate must be above this, 0 to 1; None: any.
        avg_pnl_above: the mean pnl must be above this, in the unit of the inputs; None: any.
    """

    outcome: OutcomeT_co
    regimes: tuple[str, ...] = ()
    win_rate_above: float | None = None
    avg_pnl_above: float | None = None

    def compare(self, measured: Mapping[str, float | None]) -> tuple[Comparison, ...]:
        """Compare the measurements "win_rate" and "avg_pnl" with what the row asks for."""
        asked = (("win_rate", self.win_rate_above), ("avg_pnl", self.avg_pnl_above))
        return tuple(
            Comparison(name, measured[name], ">", threshold, (measured[name] or 0.0) > threshold)
            for name, threshold in asked
            if threshold is not None
        )


@dataclass(frozen=True, slots=True)
class Match(Generic[OutcomeT_co]):
    """The row that matched (None: no row did, `outcome` is the default) and every comparison made on the way."""

    outcome: OutcomeT_co
    row: Row[OutcomeT_co] | None
    comparisons: tuple[Comparison, ...]


def first_match(
    rows: Sequence[Row[OutcomeT]],
    regime: str,
    measured: Mapping[str, float | None],
    default: OutcomeT,
) -> Match[OutcomeT]:
    """Find the first row that is for the regime and whose comparisons all hold."""
    made: list[Comparison] = []
    for row in rows:
        if row.regimes and regime not in row.regimes:
            continue
        comparisons = row.compare(measured)
        made.extend(comparisons)
        if all(comparison.holds for comparison in comparisons):
            return Match(row.outcome, row, tuple(made))
    return Match(default, None, tuple(made))
