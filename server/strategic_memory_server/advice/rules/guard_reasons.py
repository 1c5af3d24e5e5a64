"""Reasons of the drawdown guard: what it lowers, since when and why, and how well it sees."""

from __future__ import annotations

from strategic_memory_server.advice.drawdown_guard import FREE, STEP, GuardReading
from strategic_memory_server.advice.rules.reasons import Reason
from strategic_memory_server.advice.rules.rule_table import Comparison
from strategic_memory_server.memory.shown_time import shown_time

GUARDED, LEARNS, SEES_LITTLE = "LEVERAGE_GUARDED", "GUARD_LEARNS", "GUARD_SEES_LITTLE"

CODES = frozenset({GUARDED, LEARNS, SEES_LITTLE})

_MOST = 0.5
"""A single result that makes more than this share of a mean square is told of."""


def guard_reasons(reading: GuardReading) -> tuple[Reason, ...]:
    """Say what the guard does; nothing where it has seen enough and lowers nothing.

    Args:
        reading: how it stands.
    """
    if reading.is_free:
        return (_learns(reading.results),)
    found = []
    if reading.factor < 1.0:
        found.append(_guarded(reading))
    if reading.usual_largest_share > _MOST:
        found.append(
            Reason(
                SEES_LITTLE,
                f"One result makes {reading.usual_largest_share:.0%} of what the drawdown guard takes for the usual "
                "spread: it hardly notices that others spread more widely.",
                (Comparison("usual_largest_share", reading.usual_largest_share, ">", _MOST, holds=True),),
            )
        )
    return tuple(found)


def _learns(results: int) -> Reason:
    return Reason(
        LEARNS,
        f"The drawdown guard has seen {results} results of trades that followed the advice; it lowers nothing before "
        f"it has seen more than {FREE}.",
        (Comparison("guard_results", results, ">", FREE, holds=False),),
    )


def _guarded(reading: GuardReading) -> Reason:
    recent, usual = reading.recent_spread, reading.usual_spread
    since = "" if reading.since_ms is None else f" since {shown_time(reading.since_ms)}"
    one = f", of which one result makes {reading.recent_largest_share:.0%}"
    return Reason(
        GUARDED,
        f"The drawdown guard multiplies the leverage by {reading.factor:.2f}{since}: the newest results that followed "
        f"the advice spread {recent / usual if usual else 0.0:.2f} times as widely as all {reading.results}"
        f"{one if reading.recent_largest_share > _MOST else ''}; it moves by more than {STEP:g} or stays.",
        (Comparison("recent_spread", recent, ">", usual, holds=recent > usual),),
    )
