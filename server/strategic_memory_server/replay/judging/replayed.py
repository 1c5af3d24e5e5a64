"""A record replayed: what was read, what was advised over it, and the trades over which rules are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from strategic_memory_server.replay.courses.course import Course, affordable_every
from strategic_memory_server.replay.courses.evidence_course import evidence_courses
from strategic_memory_server.replay.courses.held_course import held_course
from strategic_memory_server.replay.courses.reference_course import reference_course
from strategic_memory_server.replay.courses.rules import OF_GUARDED, Rule
from strategic_memory_server.replay.judging.compared import Compared, recorded_trades
from strategic_memory_server.replay.judging.options import EVIDENCE_DECISIONS, REFERENCE_DECISIONS, ReplayOptions
from strategic_memory_server.replay.judging.regimes_seen import RegimesSeen, regimes_seen
from strategic_memory_server.replay.judging.trades import Trades
from strategic_memory_server.replay.record.record import Record
from strategic_memory_server.replay.record.record_reading import read_record

Stages = Callable[[str, float], None]
"""Told the stage that the work is in, and how much of it is done, 0 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """All that a report is made of.

    Attributes:
        record: what was read.
        regimes: the regimes that the record shows.
        courses: what the rules that learn have advised.
        trades: the trades as they were made.
        compared: the trades that say what each policy would have earned, and what each rule chose for them.
    """

    record: Record
    regimes: RegimesSeen
    courses: Mapping[Rule, Course]
    trades: Trades
    compared: Compared

    def judging(self, rule: Rule) -> Trades:
        """Return the trades to judge a rule by: as under the rule, where that is known; else as they were made."""
        return self.compared.trades(rule) if rule in self.compared.rules else self.trades


def replay(options: ReplayOptions, stages: Stages) -> Replayed:
    """Read the files and run them through the service's own computing.

    Args:
        options: what is asked.
        stages: told the progress.

    Raises:
        ReplayError: a file cannot be read, nothing in the files can be used, or they hold too much.
    """
    record = read_record(
        options.files,
        options.names,
        options.default_kind,
        partial(stages, "reading"),
        strategy=options.strategy,
        accept_refused=options.accept_refused,
        within_ms=options.within_ms,
        declared=options.declared,
    )
    # The advice of the reference rules is told of in any case.
    every = options.reference_every or affordable_every(len(record), REFERENCE_DECISIONS)
    courses = {Rule.REFERENCE: reference_course(record, options.advice, every, partial(stages, "reference rules"))}
    rules = [rule for rule in options.rules if rule is not Rule.HELD or options.advice.hysteresis.is_on]
    if Rule.HELD in rules:
        courses[Rule.HELD] = held_course(courses[Rule.REFERENCE], record, options.advice.hysteresis)
    needed = {*rules, *(OF_GUARDED[rule] for rule in rules if rule in OF_GUARDED)}
    most = options.advice.max_regimes
    if {Rule.EVIDENCE, Rule.EXPLORING} & needed:
        every = options.evidence_every or affordable_every(len(record), EVIDENCE_DECISIONS)
        # With change or without says the name of a rule, whatever `advice_out` is to be advised by.
        without_change = replace(options.advice.evidence, change=False)
        found = evidence_courses(record, without_change, every, partial(stages, "evidence"), most)
        of_rule = {Rule.EVIDENCE: found.recommended, Rule.EXPLORING: found.exploring}
        courses |= {rule: course for rule, course in of_rule.items() if rule in needed}
    if Rule.CHANGE in needed:
        every = options.evidence_every or affordable_every(len(record), EVIDENCE_DECISIONS)
        with_change = replace(options.advice.evidence, change=True)
        found = evidence_courses(record, with_change, every, partial(stages, "evidence with change"), most)
        courses[Rule.CHANGE] = found.recommended
    stages("comparing", 0.0)
    compared = Compared(record, rules, courses)
    stages("comparing", 1.0)
    return Replayed(record, regimes_seen(record), courses, recorded_trades(record), compared)
