"""What is advised over a record: as worked out by hand at every row, and never from what came later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from replay_files import (
    POLICIES,
    expected_advice,
    in_order,
    joined_regime,
    random_rows,
    windows_before,
    write_csv,
)

from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.settings import EvidenceSettings
from strategic_memory_server.evidence.sums import EvidenceSums, updated
from strategic_memory_server.policy import Policy
from strategic_memory_server.replay.course import Course
from strategic_memory_server.replay.decision_points import affordable_every, decision_points
from strategic_memory_server.replay.evidence_course import evidence_course
from strategic_memory_server.replay.record import Record, read_record
from strategic_memory_server.replay.reference_course import reference_course
from strategic_memory_server.replay.rules import Rule, chosen, compared_trades
from strategic_memory_server.settings import SyncSettings, WindowSettings

LENGTHS = (9, 5, 7)
SYNC = SyncSettings(windows=WindowSettings(*LENGTHS))
EVIDENCE = EvidenceSettings(decay=0.98, minimum_weight=3.0, required_probability=0.55)


def silent(_share: float) -> None:
    pass


def record_of(path: Path) -> Record:
    return read_record([path], {}, None, silent)


def in_force(course: Course, record: Record) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return course.in_force(np.arange(len(record)))


@pytest.mark.parametrize("seed", range(4))
def test_reference_advice_is_that_of_windows_taken_by_hand(seed: int, tmp_path: Path) -> None:
    rows = in_order(random_rows(seed, 160))
    record = record_of(write_csv(tmp_path / "record.csv", rows))
    course = reference_course(record, SYNC, 1, silent)
    decisions = in_force(course, record)
    advised = set()
    for row, decision in zip(rows, decisions.tolist(), strict=True):
        expected = expected_advice(windows_before(row.time_ms, rows, LENGTHS))
        assert bool(course.advised[decision]) is (expected is not None)
        if expected is None:
            assert course.policy[decision] == Policy.CONSERVATIVE
            continue
        regime, policy, confidence = expected
        assert record.regime_names[course.regime[decision]] == regime
        assert Policy(course.policy[decision]).name == policy
        assert course.confidence[decision] == pytest.approx(confidence, abs=1e-12)
        advised.add(policy)
    assert len(advised) > 1, "the rows have to lead to different advice, or nothing is shown"


@pytest.mark.parametrize("seed", range(4))
def test_evidence_is_that_of_the_trades_before_each_row(seed: int, tmp_path: Path) -> None:
    rows = in_order(random_rows(seed, 160))
    record = record_of(write_csv(tmp_path / "record.csv", rows))
    course = evidence_course(record, EVIDENCE, 1, silent)
    assert course.probability_best is not None
    for row, decision in zip(rows, in_force(course, record).tolist(), strict=True):
        sums = EvidenceSums(EVIDENCE.decay)
        for trade in rows:
            if trade.time_ms < row.time_ms and trade.kind == "trade" and trade.policy:
                sums = updated(sums, joined_regime(trade, rows), POLICIES.index(trade.policy), trade.pnl)
        seen = [each.regime for each in rows if each.kind == "regime" and each.time_ms < row.time_ms]
        (expected,) = estimate(sums, [seen[-1] if seen else ""], EVIDENCE).regimes
        assert course.policy[decision] == expected.recommended
        assert course.confidence[decision] == expected.confidence_boost
        assert course.probability_best[decision].tolist() == [each.probability_best for each in expected.policies]


@pytest.mark.parametrize("every", [3, 40, 1_000])
def test_rarer_decisions_are_those_of_every_row_at_their_places(every: int, tmp_path: Path) -> None:
    record = record_of(write_csv(tmp_path / "record.csv", random_rows(5, 300)))
    for fine, coarse in (
        (reference_course(record, SYNC, 1, silent), reference_course(record, SYNC, every, silent)),
        (evidence_course(record, EVIDENCE, 1, silent), evidence_course(record, EVIDENCE, every, silent)),
    ):
        same = np.searchsorted(fine.points, coarse.points)
        assert (fine.points[same] == coarse.points).all()
        for name in ("policy", "advised", "confidence", "regime"):
            assert (getattr(fine, name)[same] == getattr(coarse, name)).all(), name


@pytest.mark.parametrize("seed", range(3))
def test_what_comes_later_changes_nothing_before(seed: int, tmp_path: Path) -> None:
    rows = in_order(random_rows(seed, 200))
    cut = next(place for place in range(100, 200) if rows[place].time_ms != rows[place - 1].time_ms)
    past = record_of(write_csv(tmp_path / "past.csv", rows[:cut]))
    whole = record_of(write_csv(tmp_path / "whole.csv", rows))
    for rule, courses in {
        Rule.REFERENCE: [reference_course(record, SYNC, 1, silent) for record in (past, whole)],
        Rule.EVIDENCE: [evidence_course(record, EVIDENCE, 1, silent) for record in (past, whole)],
    }.items():
        before, after = (course.policy[in_force(course, past)].tolist() for course in courses)
        assert before == after
        trades = compared_trades(past)
        later = compared_trades(whole)
        assert trades.places.size > 10
        earned = trades.earned(chosen(rule, trades, {rule: courses[0]}))
        assert earned.tolist() == later.earned(chosen(rule, later, {rule: courses[1]}))[: earned.size].tolist()


def test_entries_of_one_time_do_not_know_each_other(tmp_path: Path) -> None:
    path = tmp_path / "record.csv"
    path.write_text("time,regime,realized_pnl\n" + "".join(f"{100 + row // 10},BULL,1\n" for row in range(30)))
    course = reference_course(record_of(path), SyncSettings(), 1, silent)
    assert course.points.tolist() == [0, 10, 20, 30]
    assert course.advised.tolist() == [False, True, True, True]


def test_a_trade_counts_as_evidence_once(tmp_path: Path) -> None:
    head = "time,regime,realized_pnl,policy,trade_id\n"
    rows = [f"{1_000 + row},BULL,{row % 3 - 1},BALANCED,{row}\n" for row in range(30)]
    once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
    once.write_text(head + "".join(rows))
    twice.write_text(head + "".join(rows + rows))
    record = record_of(twice)
    assert record.notes["trade_id_repeated"] == 30
    one, other = (evidence_course(each, EVIDENCE, 1_000, silent) for each in (record_of(once), record))
    assert one.confidence[-1] == other.confidence[-1] != 0.5


def test_decision_points_begin_a_time_and_keep_their_distance() -> None:
    times = np.array([1, 1, 2, 2, 2, 3, 4, 5, 5], dtype=np.int64)
    assert decision_points(times, 1).tolist() == [0, 2, 5, 6, 7]
    assert decision_points(times, 3).tolist() == [0, 5]
    assert decision_points(times, 6).tolist() == [0, 6]
    assert decision_points(times, 100).tolist() == [0]
    assert decision_points(times[:0], 1).tolist() == []


def test_a_long_record_is_not_decided_upon_at_every_row() -> None:
    assert [affordable_every(count, 50) for count in (0, 1, 50, 51, 1_000)] == [1, 1, 1, 2, 20]
