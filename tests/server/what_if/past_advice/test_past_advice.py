"""What past advice was worth against a plain walk, on seeded random histories."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from brute_force import Rows, TradeRow
from each_case import each_case
from expected_past_advice import said_ms, walked
from finite_output import assert_finite
from past_log import random_log, random_trades, said
from random_memory import memory_of

import strategic_memory_client as client
from strategic_memory.v1 import analysis_pb2
from strategic_memory_client.wire.analysis_from_wire import analysis_from_wire
from strategic_memory_server.advice.feedback import Feedback, RegimeAdvice, Rules
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import CLOCK_TOLERANCE_MS
from strategic_memory_server.rpc.wire.past_advice_to_wire import past_advice_message
from strategic_memory_server.what_if.past_advice.judged_statements import MAX_VERSIONS
from strategic_memory_server.what_if.past_advice.past_advice import NEWEST_SHOWN, judge_past_advice
from strategic_memory_server.what_if.past_advice.past_revision import past_revision

START_MS, END_MS = 1_000, 4_000
SEEDS = range(20)
PREFERRED, CURRENT, _ = client.AdviceSubject


def judged(feedbacks: list[Feedback], trades: list[TradeRow], left_out: int = 0) -> client.PastAdvice:
    revisions = [one for each in feedbacks if (one := past_revision(each)) is not None]
    assert len(revisions) == len(feedbacks)
    revisions.sort(key=lambda one: (one.said_ms, one.revision))
    message = past_advice_message(judge_past_advice(revisions, left_out, memory_of(Rows(trades=trades))))
    assert_finite(message)
    found = analysis_from_wire(analysis_pb2.Analysis(past_advice=message)).past_advice
    assert found is not None
    return found


def trades_of(pnl: list[float], *, first_ms: int, regime: str = "BULL", policy: str = "BALANCED") -> list[TradeRow]:
    return [TradeRow(first_ms + place, regime, each, policy, "") for place, each in enumerate(pnl)]


def calibration_of(found: client.PastAdvice, subject: client.AdviceSubject) -> client.AdviceCalibration:
    (one,) = [each for each in found.calibrations if each.subject is subject]
    return one


def random_history(seed: int) -> tuple[list[Feedback], list[TradeRow]]:
    log = random_log(seed, 10 + 12 * (seed % 10), START_MS, END_MS, foreign=False)
    feedbacks = [entry.feedback for entry in log if entry.feedback is not None]
    return feedbacks, random_trades(seed, 60 * (seed % 17), START_MS - 200, END_MS + 200, seed % 3 / 2)


def by_time(feedbacks: list[Feedback]) -> list[Feedback]:
    return sorted(feedbacks, key=lambda one: (said_ms(one), one.revision))


@each_case("seed", SEEDS)
def test_it_is_that_of_the_walk(seed: int) -> None:
    feedbacks, trades = random_history(seed)
    assert judged(feedbacks, trades) == walked(by_time(feedbacks), 0, trades)


def test_the_histories_above_judge_something() -> None:
    """Else the comparison would be one of empty answers."""
    histories = [random_history(seed) for seed in SEEDS]
    found = [walked(by_time(feedbacks), 0, trades) for feedbacks, trades in histories]
    statements = Counter[tuple[object, object]]()
    for past in found:
        for each in past.calibrations:
            statements[each.subject, each.rules] += each.statements
    assert len(statements) == len(client.AdviceSubject) * len(client.Rules)
    assert min(statements.values()) > 3
    assert any(past.after_changes.compared > 3 for past in found)
    assert any(by_time(feedbacks) != feedbacks for feedbacks, _ in histories), "the clock never went back"


def test_a_confidence_is_judged_by_the_trades_it_is_about() -> None:
    current = RegimeAdvice("BEAR", Policy.CONSERVATIVE, 0.25, 1.0)
    trades = [
        *trades_of([1.0] * 20, first_ms=100, policy="AGGRESSIVE"),
        *trades_of([-1.0] * 20, first_ms=200, regime="BEAR", policy="BALANCED"),
        *trades_of([2.0] * 20, first_ms=300, regime="BEAR", policy="CONSERVATIVE"),
    ]
    by_reference = judged([said(1, 50, confidence=0.75, current=current)], trades)
    preferred, now = calibration_of(by_reference, PREFERRED), calibration_of(by_reference, CURRENT)
    assert (preferred.statements, preferred.base_rate, preferred.brier_score) == (1, 1.0, 0.0625)
    # All 40 trades in BEAR, whatever the policy: the first 20 lost, the others won.
    assert (now.statements, now.base_rate) == (2, 0.5)
    by_evidence = judged([said(1, 50, confidence=0.75, current=current, rules=Rules.EVIDENCE)], trades)
    # No trade in BULL was made under BALANCED, and 20 in BEAR under CONSERVATIVE.
    assert calibration_of(by_evidence, PREFERRED).statements == 0
    now = calibration_of(by_evidence, CURRENT)
    assert (now.statements, now.base_rate, now.brier_score) == (1, 1.0, 0.5625)


def test_only_what_was_said_strictly_before_a_trade_was_in_force() -> None:
    trades = trades_of([1.0] * 20, first_ms=100)
    assert calibration_of(judged([said(1, 99)], trades), PREFERRED).statements == 1
    at_its_time = judged([said(1, 100)], trades)
    assert calibration_of(at_its_time, PREFERRED).statements == 0
    assert at_its_time.trades == 19


def test_trades_whose_ids_are_of_the_future_judge_nothing() -> None:
    """Ids in microseconds: the advice rests on these trades, and would be judged by them."""
    revisions = [one for each in (said(1, 99),) if (one := past_revision(each)) is not None]
    first_ms = 100 + CLOCK_TOLERANCE_MS
    trades = [*trades_of([1.0] * 20, first_ms=first_ms - 20), *trades_of([-1.0] * 20, first_ms=first_ms + 1)]
    memory = replace(memory_of(Rows(trades=trades)), clock_ms=100)
    found = judge_past_advice(revisions, 0, memory)
    assert (found.trades, found.after_revisions.newest[0].around.trades_after) == (20, 20)
    [preferred, *_] = found.calibrations
    assert (preferred.found.statements, preferred.found.base_rate) == (1, 1.0)
    later = replace(memory, clock_ms=10_000_000)
    assert judge_past_advice(revisions, 0, later).trades == 40


def test_advice_that_has_seen_a_trade_is_not_judged_by_it() -> None:
    """The clock of the server ran 50 ms behind that of Redis."""
    trades = trades_of([1.0] * 20, first_ms=100)
    assert calibration_of(judged([said(1, 60, seen_ms=110)], trades), PREFERRED).statements == 0
    assert calibration_of(judged([said(1, 60, seen_ms=99)], trades), PREFERRED).statements == 1


def test_the_newest_revision_speaks_and_rules_that_were_replaced_do_not() -> None:
    trades = trades_of([1.0] * 20, first_ms=100)
    replaced = [said(1, 50, confidence=0.5), said(2, 60, confidence=1.0, version="2.0.0")]
    found = {each.version: each for each in judged(replaced, trades).calibrations}
    assert (found["1.0.0"].statements, found["1.0.0"].revisions) == (0, 1)
    assert (found["2.0.0"].statements, found["2.0.0"].brier_score) == (1, 0.0)


def test_of_many_versions_those_that_spoke_last_are_judged() -> None:
    feedbacks = [said(number, number, version=f"v{number:02}") for number in range(1, MAX_VERSIONS + 4)]
    found = judged(feedbacks, trades_of([1.0] * 20, first_ms=100))
    assert [each.version for each in found.calibrations] == [f"v{number:02}" for number in range(4, MAX_VERSIONS + 4)]


def test_a_change_of_advice_is_another_regime_or_another_policy() -> None:
    feedbacks = [
        said(1, 10),
        said(2, 20, confidence=0.5),
        said(3, 30, policy=Policy.AGGRESSIVE),
        said(4, 40, policy=Policy.AGGRESSIVE, current=RegimeAdvice("BEAR", Policy.BALANCED, 0.5, 1.0)),
        said(5, 50, preferred="BEAR", policy=Policy.AGGRESSIVE, epoch="e2"),
    ]
    trades = trades_of([1.0, 2.0, 4.0, 8.0], first_ms=29)
    found = judged(feedbacks, [*trades, TradeRow(51, "BULL", 5.0, "", "")])
    assert [(each.revision, each.epoch, each.change) for each in found.after_changes.newest] == [
        (3, "e1", 6.0 - 1.5),
        (5, "e2", 5.0 - 6.0),
    ]
    assert found.after_changes.mean_change == (4.5 - 1.0) / 2
    assert (found.after_revisions.revisions, found.after_revisions.compared) == (5, 1)


def test_the_newest_revisions_are_shown_oldest_first() -> None:
    count = NEWEST_SHOWN + 7
    found = judged([said(number, 10 * number) for number in range(1, count + 1)], trades_of([1.0], first_ms=25))
    assert [each.revision for each in found.after_revisions.newest] == list(range(8, count + 1))
    assert found.after_revisions.revisions == count


def test_without_revisions_or_trades_nothing_is_claimed() -> None:
    nothing = judged([], trades_of([1.0], first_ms=5), left_out=3)
    assert (nothing.revisions, nothing.left_out, nothing.trades, nothing.calibrations) == (0, 3, 0, ())
    assert (nothing.first_said, nothing.last_said) == (None, None)
    without = judged([said(1, 10)], [])
    assert (without.revisions, without.trades) == (1, 0)
    judged_none = calibration_of(without, PREFERRED)
    assert (judged_none.statements, judged_none.revisions, judged_none.brier_score, judged_none.base_rate) == (
        *(0, 1),
        *(None, None),
    )
