"""What would have been followed over a record with hysteresis: policies of a course, where added risk has to wait."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from strategic_memory_server.advice.hysteresis import HysteresisSettings, Moment, Step, step
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.replay.courses.course import Course
from strategic_memory_server.replay.record.entry_columns import Kind
from strategic_memory_server.replay.record.record import Record

_NOTHING_SAID = Step(Policy.CONSERVATIVE)


def held_course(course: Course, record: Record, settings: HysteresisSettings) -> Course:
    """Let bolder policies of a course wait, as a service would that syncs at each decision and confirms all the time.

    Args:
        course: what the rules have advised.
        record: what happened.
        settings: how long more risk has to be asked for.
    """
    decisions = course.decisions.copy()
    times = record.entries.time_ms
    trades = np.flatnonzero(record.entries.kind == Kind.TRADE)
    trade_ms, counts = times[trades], np.searchsorted(trades, decisions["place"])
    stands = _NOTHING_SAID
    for number, (place, until_ms, asked, advised) in enumerate(
        decisions[["place", "time_ms", "policy", "advised"]].tolist()
    ):
        if not advised:
            stands = _NOTHING_SAID
            continue
        known = trade_ms[: counts[number]]
        now_ms = int(times[place - 1])
        while True:
            stands = step(stands, asked, Moment(now_ms, known), settings)
            due_ms = None if stands.wait is None else stands.wait.due_ms(settings)
            if due_ms is None or due_ms >= until_ms:
                break
            now_ms = due_ms
        decisions["policy"][number] = int(stands.followed)
    return replace(course, decisions=decisions)
