"""The drawdown guard over a record by the rules of the evidence: the factor that a service would have served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from replay_records import csv_of, silent

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.advice.feedback import Rules
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.replay.courses.course import Course
from strategic_memory_server.replay.courses.evidence_course import evidence_courses
from strategic_memory_server.replay.courses.reference_course import reference_course
from strategic_memory_server.replay.courses.rules import Rule
from strategic_memory_server.replay.courses.served_advice import served_advice
from strategic_memory_server.replay.judging.compared import Compared
from strategic_memory_server.replay.record.record import Record

START_MS, TRADES = 1_766_296_800_000, 220
ADVICE = AdviceSettings(
    windows=WindowSettings(20, 5, 20), leverage_guard=True, rules=Rules.EVIDENCE, minimum_samples=15
)
HEAD = "kind,time,regime,policy,pnl,pnl_conservative,pnl_balanced,pnl_aggressive,opened"
Codes = NDArray[np.int64]


class World:
    """Trades that spread widely in their last third, AGGRESSIVE being the best; each 4th is not as was advised."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        wild = np.where(np.arange(TRADES) < 0.6 * TRADES, 0.3, 1.5)[:, None]
        self.earned = random.standard_normal((TRADES, 3)) * wild + np.array([-0.1, 0.0, 0.3])
        self.closed = START_MS + 2 * np.cumsum(random.integers(1, 30_000, TRADES))
        # Between the times of the entries: which decision was in force is no question.
        self.opened = self.closed - 2 * random.integers(1, 60_000, TRADES) - 1
        self.is_other = np.arange(TRADES) % 4 == 3

    def record(self, folder: Path, advised: Codes) -> Record:
        """The record, trades having the policy that was advised; others the next one, and say no pnl of policies."""
        lines = [HEAD, *(f"regime,{START_MS + 2 * number},BULL,,0.1,,,," for number in range(3))]
        for number in range(TRADES):
            policy = (advised[number] + self.is_other[number]) % 3
            pnl = [f"{each:.4f}" for each in self.earned[number]]
            told = ",,," if self.is_other[number] else f"{','.join(pnl)},{self.opened[number]}"
            row = f"trade,{self.closed[number]},BULL,{Policy(policy).name},{pnl[policy]},{told}"
            lines.append(row if not self.is_other[number] else f"{row}{self.opened[number]}")
        return csv_of(folder, "\n".join(lines) + "\n")

    def as_advised(self, folder: Path, settings: EvidenceSettings) -> tuple[Record, Course]:
        """The record in which all but the others do what was advised when they were opened."""
        advised = np.zeros(TRADES, dtype=np.int64)
        for _ in range(TRADES):
            record = self.record(folder, advised)
            course = evidence_courses(record, settings, 1, silent).recommended
            places = np.searchsorted(record.entries.time_ms, self.opened)
            found = course.decisions["policy"][course.in_force(places)].astype(np.int64)
            if np.array_equal(found, advised):
                return record, course
            # What was advised first rests on nothing that comes later.
            first = int(np.flatnonzero(found != advised)[0])
            advised[first:] = found[first:]
        raise AssertionError("it does not settle")


@pytest.mark.parametrize(("rule", "change"), [(Rule.GUARDED_EVIDENCE, False), (Rule.GUARDED_CHANGE, True)])
def test_where_the_record_was_made_as_was_advised_it_is_the_factor_that_was_served(
    rule: Rule, change: bool, tmp_path: Path
) -> None:
    world, settings = World(5), EvidenceSettings(change=change)
    record, course = world.as_advised(tmp_path, settings)
    assert len(set(course.decisions["policy"].tolist())) > 1, "what is advised changes"
    advice = replace(ADVICE, evidence=settings)
    reference = reference_course(record, advice, 1, silent)
    of = Rule.CHANGE if change else Rule.EVIDENCE
    compared = Compared(record, (of, rule), {Rule.REFERENCE: reference, of: course})
    size, served = compared.size(rule), list(served_advice(record, advice, 1, silent))
    held = np.searchsorted([each.known_at_ms for each in served], world.opened[~world.is_other]) - 1
    guards = [served[place].feedback.advice.guard if place >= 0 else None for place in held.tolist()]
    assert size.tolist() == [1.0 if guard is None else guard.factor for guard in guards]
    assert size.min() < 0.9
    np.testing.assert_array_equal(compared.earned(rule), compared.earned(of) * size)
    assert guards[-1] is not None
    assert guards[-1].results > 100
