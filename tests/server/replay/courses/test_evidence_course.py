"""What is advised by evidence over a record: as the estimator says of the trades before, at every row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from replay_courses import EVIDENCE, in_force
from replay_files import (
    POLICIES,
    in_order,
    joined_regime,
    random_rows,
    write_csv,
)
from replay_records import record_of, silent

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.evidence.estimator import estimate
from strategic_memory_server.evidence.exploration import NOTHING_TRIED, explore
from strategic_memory_server.evidence.regimes_apart import with_observations
from strategic_memory_server.evidence.sums import nothing_summed, updated
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.replay.courses.evidence_course import evidence_courses

LENGTHS = (9, 5, 7)
SYNC = AdviceSettings(windows=WindowSettings(*LENGTHS))


@pytest.mark.parametrize("change", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_evidence_is_that_of_the_trades_before_each_row(seed: int, change: bool, tmp_path: Path) -> None:
    rows = in_order(random_rows(seed, 160))
    record = record_of(write_csv(tmp_path / "record.csv", rows))
    settings = replace(EVIDENCE, change=change)
    course = evidence_courses(record, settings, 1, silent).recommended
    assert course.has_probabilities
    for row, decision in zip(rows, in_force(course, record), strict=True):
        sums = nothing_summed(EVIDENCE.decay, change=change)
        for trade in rows:
            if trade.time_ms < row.time_ms and trade.kind == "trade" and trade.policy:
                sums = updated(sums, joined_regime(trade, rows), POLICIES.index(trade.policy), trade.pnl)
        seen = [each.regime for each in rows if each.kind == "regime" and each.time_ms < row.time_ms]
        assert bool(decision["advised"]) is bool(seen)
        if not seen:
            continue
        (expected,) = estimate(sums, [seen[-1]], settings).regimes
        assert decision["policy"] == expected.recommended
        assert decision["confidence"] == expected.confidence_boost
        assert decision["probability_best"].tolist() == [each.probability_best for each in expected.policies]


@pytest.mark.parametrize("change", [False, True])
def test_of_many_regimes_as_few_are_kept_apart_as_by_the_service(change: bool, tmp_path: Path) -> None:
    source, lines = Random(3), ["time,market_regime,realized_pnl,policy"]
    for row in range(150):
        policy = source.randrange(3)
        lines.append(f"{1_000 + row},R{source.randrange(9)},{source.gauss(0.5 * policy, 1.0)},{POLICIES[policy]}")
    (tmp_path / "record.csv").write_text("\n".join(lines) + "\n")
    record, settings = record_of(tmp_path / "record.csv"), replace(EVIDENCE, change=change)
    entries, names = record.entries, record.regime_names
    regimes, policies = entries.regime.astype(np.int64), entries.policy.astype(np.int64)
    course = evidence_courses(record, settings, 1, silent, 4).recommended
    for decision in course.decisions[1:]:
        place = int(decision["place"])
        before = regimes[:place], policies[:place], entries.pnl[:place]
        sums = with_observations(nothing_summed(EVIDENCE.decay, change=change), names, *before, 4, exactly=True)
        (expected,) = estimate(sums, [names[regimes[place - 1]]], settings).regimes
        assert decision["policy"] == expected.recommended
        assert decision["probability_best"].tolist() == [each.probability_best for each in expected.policies]
    all_apart = evidence_courses(record, settings, 1, silent).recommended.decisions
    assert (all_apart["policy"] != course.decisions["policy"]).any()


@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize(("seed", "change"), [(0, False), (1, True), (2, False)])
def test_exploring_follows_the_state_machine_of_the_service(
    seed: int, change: bool, every: int, tmp_path: Path
) -> None:
    rows = in_order(random_rows(seed, 240))
    record = record_of(write_csv(tmp_path / "record.csv", rows))
    settings = replace(EVIDENCE, explore=True, change=change)
    courses = evidence_courses(record, settings, every, silent)
    exploring, recommended = courses.exploring.decisions, courses.recommended.decisions
    state, probes = NOTHING_TRIED, 0
    for number, place in enumerate(exploring["place"].tolist()):
        before = [row for row in rows if place == len(rows) or row.time_ms < rows[place].time_ms]
        sums = nothing_summed(EVIDENCE.decay, change=change)
        for trade in before:
            if trade.kind == "trade" and trade.policy:
                sums = updated(sums, joined_regime(trade, rows), POLICIES.index(trade.policy), trade.pnl)
        seen = [each.regime for each in before if each.kind == "regime"]
        assert bool(exploring["advised"][number]) is bool(seen)
        if not seen:
            continue
        (known,) = estimate(sums, [seen[-1]], settings).regimes
        followed, state = explore(state, known, settings)
        probes += followed is not known.recommended
        assert exploring["policy"][number] == followed
        assert exploring["confidence"][number] == known.policies[followed].probability_mean_positive
        assert recommended["policy"][number] == known.recommended
    assert probes > 0, "something has to be tried, or nothing is shown"


@pytest.mark.parametrize(("regime", "tries"), [("", False), ("BULL", True)])
def test_nothing_is_tried_where_the_regime_is_not_known(regime: str, tries: bool, tmp_path: Path) -> None:
    path = tmp_path / "record.csv"
    rows = [f"{1_000 + row},{regime},{row % 3 - 1},CONSERVATIVE\n" for row in range(60)]
    path.write_text("time,market_regime,realized_pnl,policy\n" + "".join(rows))
    courses = evidence_courses(record_of(path), EVIDENCE, 1, silent)
    exploring, recommended = courses.exploring.decisions, courses.recommended.decisions
    assert (exploring["policy"] != recommended["policy"]).any() == tries


@pytest.mark.parametrize("regime", ["", "UNKNOWN", "OTHER", "BULL"])
def test_where_no_regime_is_known_the_evidence_says_as_little_as_the_service(regime: str, tmp_path: Path) -> None:
    rows = [f"{1_000 + row},{regime},{3 * (row % 2)},{POLICIES[2 * (row % 2)]}\n" for row in range(200)]
    (tmp_path / "record.csv").write_text("time,market_regime,realized_pnl,policy\n" + "".join(rows))
    courses = evidence_courses(record_of(tmp_path / "record.csv"), replace(EVIDENCE, minimum_weight=0.0), 1, silent)
    for course in (courses.recommended, courses.exploring):
        known = set(course.decisions[1:][["policy", "advised"]].tolist())
        assert (Policy.AGGRESSIVE in {policy for policy, _ in known}) is (regime == "BULL")
        assert known == {(Policy.CONSERVATIVE, False)} or regime == "BULL"
