"""What is advised over a record: as worked out by hand at every row, and never from what came later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from replay_courses import EVIDENCE, in_force
from replay_files import (
    POLICIES,
    expected_advice,
    in_order,
    random_rows,
    windows_before,
    write_csv,
)
from replay_records import read, record_of, silent

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.replay.courses.course import affordable_every, decision_points
from strategic_memory_server.replay.courses.evidence_course import evidence_courses
from strategic_memory_server.replay.courses.reference_course import reference_course
from strategic_memory_server.replay.courses.rules import Rule
from strategic_memory_server.replay.judging.compared import Compared, recorded_trades
from strategic_memory_server.replay.judging.reliability import reliability
from strategic_memory_server.replay.record.entry_columns import Kind

LENGTHS = (9, 5, 7)
SYNC = AdviceSettings(windows=WindowSettings(*LENGTHS))


def test_observations_without_a_pnl_tell_the_regimes_of_trades_and_no_more(tmp_path: Path) -> None:
    source = Random(5)
    labels, joined, given = [], [], []
    for hour in range(120):
        time, regime = f"2024-01-{1 + hour // 24:02}T{hour % 24:02}", source.choice(("BULL", "BEAR", "RANGE"))
        pnl, policy = round(source.gauss(0.1, 1.0), 3), source.choice(POLICIES)
        labels.append(f"{time}:00,{regime}")
        joined.append(f"{time}:30,{pnl},{policy}")
        given.append(f"{time}:30,{pnl},{policy},{regime}")
    for name, header, rows in (
        ("labels", "time,regime", labels),
        ("joined", "time,realized_pnl,policy", joined),
        ("given", "time,realized_pnl,policy,market_regime", given),
    ):
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")
    record, plain = read([tmp_path / "labels.csv", tmp_path / "joined.csv"]), record_of(tmp_path / "given.csv")
    assert not record.rejected.rows
    trades = np.flatnonzero(record.entries.kind == Kind.TRADE)
    decided = in_force(reference_course(record, SYNC, 1, silent), record)[trades]
    expected = in_force(reference_course(plain, SYNC, 1, silent), plain)
    assert decided[["policy", "advised"]].tolist() == expected[["policy", "advised"]].tolist()
    assert np.mean(expected["advised"]) > 0.2


def test_rules_are_compared_by_the_advice_in_force_when_a_trade_was_opened(tmp_path: Path) -> None:
    source = Random(7)
    rows = [f"2024-01-01T{hour // 60:02}:{hour % 60:02},BULL,{source.choice(POLICIES)},-1,0,1" for hour in range(200)]
    head = "time,market_regime,policy,pnl_conservative,pnl_balanced,pnl_aggressive"
    (tmp_path / "closed.csv").write_text("\n".join([head, *rows]) + "\n")
    (tmp_path / "opened.csv").write_text("\n".join([f"{head},opened", *(f"{row},2023-12-31" for row in rows)]) + "\n")
    chosen, judged = {}, {}
    for name in ("closed", "opened"):
        record = record_of(tmp_path / f"{name}.csv")
        courses = {Rule.REFERENCE: reference_course(record, SYNC, 1, silent)}
        trades = Compared(record, [Rule.REFERENCE], courses).trades(Rule.REFERENCE)
        chosen[name] = set(trades.policy.tolist())
        judged[name] = [reliability(courses[Rule.REFERENCE], each) for each in (trades, recorded_trades(record))]
    assert chosen["closed"] > {Policy.CONSERVATIVE}
    assert chosen["opened"] == {Policy.CONSERVATIVE}, "nothing was known when they were opened"
    assert all(each.statements > 5 for each in judged["closed"])
    assert all(each.statements == 0 for each in judged["opened"])


def test_confidences_are_judged_by_runs_of_trades_in_the_order_of_their_openings(tmp_path: Path) -> None:
    source = Random(7)
    rows = [(minute, minute - source.choice((0, 1, 30, 90)), source.choice((0.5, -0.25))) for minute in range(90, 490)]
    start = 1_704_067_200
    lines = [f"{start + 60 * closed},{start + 60 * opened},BULL,{pnl}" for closed, opened, pnl in rows]
    (tmp_path / "trades.csv").write_text("\n".join(["time,opened,market_regime,realized_pnl", *lines]) + "\n")
    record = record_of(tmp_path / "trades.csv")
    course = reference_course(record, SYNC, 1, silent)
    judged: list[tuple[float, bool]] = []
    as_opened = sorted(rows, key=lambda row: row[1])
    for first in range(0, len(rows), 20):
        known = sum(closed < as_opened[first][1] for closed, _, _ in rows)
        said = course.decisions[course.in_force(np.array([known]))[0]]
        earned = sum(pnl for _, _, pnl in as_opened[first : first + 20])
        if said["advised"] and earned:
            judged.append((float(said["confidence"]), earned > 0))
    found = reliability(course, recorded_trades(record))
    assert found.statements == len(judged) > 15
    assert found.base_rate == sum(came for _, came in judged) / len(judged)
    assert found.brier_score == pytest.approx(np.mean([(said - came) ** 2 for said, came in judged]))


@pytest.mark.parametrize("seed", range(4))
def test_reference_advice_is_that_of_windows_taken_by_hand(seed: int, tmp_path: Path) -> None:
    rows = in_order(random_rows(seed, 160))
    record = record_of(write_csv(tmp_path / "record.csv", rows))
    course = reference_course(record, SYNC, 1, silent)
    decisions = in_force(course, record)
    advised = set()
    for row, decision in zip(rows, decisions, strict=True):
        expected = expected_advice(windows_before(row.time_ms, rows, LENGTHS))
        assert bool(decision["advised"]) is (expected is not None)
        if expected is None:
            assert decision["policy"] == Policy.CONSERVATIVE
            continue
        regime, policy, confidence = expected
        assert record.regime_names[decision["regime"]] == regime
        assert Policy(decision["policy"]).name == policy
        assert decision["confidence"] == pytest.approx(confidence, abs=1e-12)
        advised.add(policy)
    assert len(advised) > 1, "the rows have to lead to different advice, or nothing is shown"


def test_of_many_regimes_those_used_last_alone_are_preferred(tmp_path: Path) -> None:
    lines = [f"{1_000 + row},R{row % 9},{9 - row % 9}" for row in range(60)]
    (tmp_path / "record.csv").write_text("\n".join(["time,market_regime,realized_pnl", *lines]) + "\n")
    record = record_of(tmp_path / "record.csv")
    advice = replace(SYNC, windows=WindowSettings(9, 5, 20), max_regimes=4)
    for decision in reference_course(record, advice, 1, silent).decisions:
        place = int(decision["place"])
        apart = [row % 9 for row in range(max(place - 4, 0), place)]
        assert not decision["advised"] or record.regime_names[decision["regime"]] == f"R{min(apart)}"
    assert decision["advised"]


@pytest.mark.parametrize("every", [3, 40, 1_000])
def test_rarer_decisions_are_those_of_every_row_at_their_places(every: int, tmp_path: Path) -> None:
    record = record_of(write_csv(tmp_path / "record.csv", random_rows(5, 300)))
    for fine, coarse in (
        (reference_course(record, SYNC, 1, silent), reference_course(record, SYNC, every, silent)),
        (
            evidence_courses(record, EVIDENCE, 1, silent).recommended,
            evidence_courses(record, EVIDENCE, every, silent).recommended,
        ),
    ):
        one, other = fine.decisions, coarse.decisions
        same = one[np.searchsorted(one["place"], other["place"])]
        for name in ("place", "time_ms", "policy", "advised", "confidence", "regime", "probability_best"):
            assert (same[name] == other[name]).all(), name


@pytest.mark.parametrize("seed", range(3))
def test_what_comes_later_changes_nothing_before(seed: int, tmp_path: Path) -> None:
    rows = in_order(random_rows(seed, 200))
    cut = next(place for place in range(100, 200) if rows[place].time_ms != rows[place - 1].time_ms)
    past = record_of(write_csv(tmp_path / "past.csv", rows[:cut]))
    whole = record_of(write_csv(tmp_path / "whole.csv", rows))
    for rule, courses in {
        Rule.REFERENCE: [reference_course(record, SYNC, 1, silent) for record in (past, whole)],
        Rule.EVIDENCE: [evidence_courses(record, EVIDENCE, 1, silent).recommended for record in (past, whole)],
        Rule.EXPLORING: [evidence_courses(record, EVIDENCE, 1, silent).exploring for record in (past, whole)],
    }.items():
        before, after = (in_force(course, past)["policy"].tolist() for course in courses)
        assert before == after
        trades, later = (
            Compared(record, [rule], {rule: course}).trades(rule)
            for record, course in zip((past, whole), courses, strict=True)
        )
        count = trades.pnl.size
        assert count > 10
        for name in ("places", "time_ms", "policy", "pnl"):
            assert getattr(trades, name).tolist() == getattr(later, name)[:count].tolist()


def test_entries_of_one_time_do_not_know_each_other(tmp_path: Path) -> None:
    path = tmp_path / "record.csv"
    path.write_text("time,regime,realized_pnl\n" + "".join(f"{100 + row // 10},BULL,1\n" for row in range(30)))
    decisions = reference_course(record_of(path), AdviceSettings(), 1, silent).decisions
    assert decisions["place"].tolist() == [0, 10, 20, 30]
    assert decisions["advised"].tolist() == [False, True, True, True]


def test_a_trade_counts_once(tmp_path: Path) -> None:
    head = "time,regime,realized_pnl,policy,trade_id\n"
    rows = [f"{1_000 + row},BULL,{row % 3 - 1},BALANCED,{row}\n" for row in range(30)]
    once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
    once.write_text(head + "".join(rows))
    twice.write_text(head + "".join(rows + rows))
    record = record_of(twice)
    assert record.notes["trade_id_repeated"] == 30
    one, other = (evidence_courses(each, EVIDENCE, 1_000, silent).recommended for each in (record_of(once), record))
    assert one.decisions["confidence"][-1] == other.decisions["confidence"][-1] != 0.5
    sync = AdviceSettings(windows=WindowSettings(trades=40))
    one, other = (reference_course(each, sync, 1_000, silent) for each in (record_of(once), record))
    assert one.decisions["confidence"][-1] == other.decisions["confidence"][-1]


def test_decision_points_begin_a_time_and_keep_their_distance() -> None:
    times = np.array([1, 1, 2, 2, 2, 3, 4, 5, 5], dtype=np.int64)

    def points(every: int) -> list[int]:
        return [int(place) for place in decision_points(times, every)]

    assert points(1) == [0, 2, 5, 6, 7]
    assert points(3) == [0, 5]
    assert points(6) == [0, 6]
    assert points(100) == [0]


def test_a_long_record_is_not_decided_upon_at_every_row() -> None:
    assert [affordable_every(count, 50) for count in (0, 1, 50, 51, 1_000)] == [1, 1, 1, 2, 20]
