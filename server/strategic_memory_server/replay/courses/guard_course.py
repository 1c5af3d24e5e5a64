"""What the drawdown guard would have multiplied leverage by over a record, decision by decision."""

from __future__ import annotations

import numpy as np

from strategic_memory_server.advice.drawdown_guard import ClosedTrades, GuardState
from strategic_memory_server.columns.columns import FloatColumn, IndexColumn
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.courses.course import Course


def guard_factors(
    course: Course, reference: Course, time_ms: IndexColumn, places: IndexColumn, closed: ClosedTrades
) -> FloatColumn:
    """Return the factor at each decision of a course; it rests on what was closed before that decision alone.

    Args:
        course: what the rules have advised.
        reference: what the reference rules have: where they say nothing yet, a service says nothing by others either.
        time_ms: the times of the entries of the record.
        places: places of the trades in the record, ascending: where each was closed.
        closed: the trades as they were made under these rules.
    """
    known = np.searchsorted(places, course.decisions["place"])
    said = reference.decisions["advised"][reference.in_force(course.decisions["place"])].tolist()
    factors, state, taken = np.ones(len(course)), GuardState(), 0
    for number, (place, policy) in enumerate(course.decisions[["place", "policy"]].tolist()):
        now_ms, end = int(time_ms[max(place - 1, 0)]), int(known[number])
        part = ClosedTrades(closed.opened_ms[taken:end], closed.policy[taken:end], closed.pnl[taken:end])
        state, taken = state.after(part, now_ms), end
        factors[number] = state.factor
        if said[number]:
            state = state.saying(Policy(policy), now_ms)
    return factors
