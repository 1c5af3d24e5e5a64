"""A record replayed: what was read, what was advised over it, and the trades over which rules are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from strategic_memory_server.columns import IndexColumn
from strategic_memory_server.replay.course import Course
from strategic_memory_server.replay.decision_points import affordable_every
from strategic_memory_server.replay.evidence_course import evidence_course
from strategic_memory_server.replay.options import EVIDENCE_DECISIONS, REFERENCE_DECISIONS, ReplayOptions
from strategic_memory_server.replay.record import Record, read_record
from strategic_memory_server.replay.reference_course import reference_course
from strategic_memory_server.replay.rules import Compared, Rule, chosen, compared_trades

Stages = Callable[[str, float], None]
"""Told the stage that the work is in, and how much of it is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One replay.

    Attributes:
        record: what was read.
        courses: what the rules that learn have advised.
        trades: the trades that say what each policy would have earned.
        choices: policy that each compared rule chooses for each of those trades; empty without such trades.
    """

    record: Record
    courses: Mapping[Rule, Course]
    trades: Compared
    choices: Mapping[Rule, IndexColumn]


def replay(options: ReplayOptions, stages: Stages) -> Replayed:
    """Read the files and run them through the service's own computing.

    Raises:
        ReplayError: a file cannot be read, or nothing in the files can be used.
    """
    record = read_record(options.files, options.names, options.default_kind, lambda share: stages("reading", share))
    # The advice of the reference rules is told of in any case.
    every = options.reference_every or affordable_every(len(record), REFERENCE_DECISIONS)
    courses = {
        Rule.REFERENCE: reference_course(record, options.sync, every, lambda share: stages("reference rules", share))
    }
    if Rule.EVIDENCE in options.rules:
        every = options.evidence_every or affordable_every(len(record), EVIDENCE_DECISIONS)
        courses[Rule.EVIDENCE] = evidence_course(
            record, options.evidence, every, lambda share: stages("evidence", share)
        )
    trades = compared_trades(record)
    rules = options.rules if trades.places.size else ()
    return Replayed(record, courses, trades, {rule: chosen(rule, trades, courses) for rule in rules})
