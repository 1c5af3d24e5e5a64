"""Where two logs differed, against a plain walk over every trade and every edge."""

from __future__ import annotations

from random import Random

import pytest
from brute_force import Rows, TradeRow
from each_case import each_case
from past_log import said
from random_memory import memory_of

from strategic_memory_server.advice.feedback import RegimeAdvice
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.what_if.past_advice.past_revision import PastRevision, past_revision
from strategic_memory_server.what_if.shadow.differences import NEWEST_SHOWN, Asked, Which, differences

BALANCED, BOLD = Policy.BALANCED, Policy.AGGRESSIVE


def revision(
    said_ms: int, policy: Policy = BALANCED, leverage: float = 1.0, current: RegimeAdvice | None = None
) -> PastRevision:
    found = past_revision(said(1, said_ms, policy=policy, current=current, leverage=leverage))
    assert found is not None
    return found


def trade(opened_ms: int, pnl: float, policy: str = "BALANCED") -> TradeRow:
    return TradeRow(opened_ms + 5, "BULL", pnl, policy, opened_ms=opened_ms)


def test_what_was_opened_while_they_differed_and_what_that_was_worth() -> None:
    service = [revision(0), revision(100, BOLD, 1.5), revision(200)]
    shadow = [revision(0), revision(150, BOLD, 1.5), revision(160, BOLD, 1.2), revision(200)]
    trades = [
        trade(100, 9.0),  # opened at the time of the revision: before it
        trade(101, 1.0, "AGGRESSIVE"),
        trade(110, 2.0, "BALANCED"),
        trade(150, 4.0, "CONSERVATIVE"),
        trade(155, 9.0),
        trade(170, 3.0, "AGGRESSIVE"),
        trade(201, 9.0),
    ]
    found = differences(service, shadow, memory_of(Rows(trades=trades)), 0, 400, Which.PREFERRED)
    assert (found.stretches, found.share_of_time) == (2, 90 / 400)
    assert (found.as_service.trades, found.as_service.pnl.mean) == (1, 1.0)
    assert (found.as_shadow.trades, found.as_shadow.pnl.mean) == (1, 2.0)
    assert found.as_neither == 1
    more = [pnl * (1.0 / 1.5 - 1.0) for pnl in (1.0, 2.0, 4.0)] + [3.0 * (1.2 / 1.5 - 1.0)]
    assert found.resized.trades == 4
    assert found.resized_total == pytest.approx(sum(more))
    assert found.resized.pnl.mean == pytest.approx(sum(more) / 4)
    bold, calm = Asked("BULL", BOLD, 1.5), Asked("BULL", BALANCED, 1.0)
    first, second = found.newest
    assert (first.since_ms, first.until_ms, first.service, first.shadow) == (100, 150, bold, calm)
    assert first.trades == 3
    assert first.mean_pnl == pytest.approx(7.0 / 3)
    assert (second.since_ms, second.until_ms, second.shadow) == (160, 200, Asked("BULL", BOLD, 1.2))


def test_a_regime_of_which_one_knows_nothing_is_a_difference_that_sizes_nothing() -> None:
    current = RegimeAdvice("BEAR", BALANCED, 0.5, 0.7)
    memory = memory_of(Rows(trades=[trade(50, 1.0)]))
    found = differences([revision(0, current=current)], [revision(0)], memory, 0, 100, Which.CURRENT)
    assert (found.stretches, found.share_of_time, found.resized.trades) == (1, 1.0, 0)
    assert (found.as_service.trades, found.as_shadow.trades, found.as_neither) == (1, 0, 0)
    assert found.newest[0].shadow is None


def test_what_never_differs_says_nothing() -> None:
    alike = [revision(0), revision(10, BOLD, 1.2)]
    found = differences(alike, alike, memory_of(Rows(trades=[trade(20, 1.0)])), 0, 100, Which.PREFERRED)
    assert (found.stretches, found.share_of_time, found.resized_total, found.newest) == (0, 0.0, 0.0, ())
    assert (found.as_service.trades, found.as_shadow.trades, found.as_neither) == (0, 0, 0)


def in_force(revisions: list[PastRevision], time_ms: int, *, itself: bool) -> PastRevision:
    """The newest said before a time, or at it."""
    return [one for one in revisions if one.said_ms < time_ms or (itself and one.said_ms == time_ms)][-1]


@each_case("seed", range(12))
def test_as_a_plain_walk_finds_it(seed: int) -> None:
    random = Random(seed)

    def log() -> list[PastRevision]:
        times = [0, *sorted(random.sample(range(1, 990), 150))]
        return [revision(time, random.choice(list(Policy)), random.choice([0.0, 0.5, 1.0])) for time in times]

    service, shadow = log(), log()
    trades = [
        trade(random.randrange(0, 1_100), random.choice([-1.0, 0.5, 2.0]), random.choice(["", *Policy.__members__]))
        for _ in range(400)
    ]
    trades.sort(key=lambda each: each.time_ms)
    found = differences(service, shadow, memory_of(Rows(trades=trades)), 0, 1_000, Which.PREFERRED)
    as_service, as_shadow, neither, more = [], [], 0, []
    for each in trades:
        if not 0 < each.begun_ms <= 1_000:
            continue
        ours, other = (in_force(revisions, each.begun_ms, itself=False) for revisions in (service, shadow))
        if ours.policy is not other.policy:
            as_service += [each.pnl] * (each.policy == ours.policy.name)
            as_shadow += [each.pnl] * (each.policy == other.policy.name)
            neither += each.policy not in (ours.policy.name, other.policy.name)
        if ours.leverage != other.leverage and ours.leverage:
            more.append(each.pnl * (other.leverage / ours.leverage - 1.0))
    assert (found.as_service.trades, found.as_shadow.trades, found.as_neither) == (
        len(as_service),
        len(as_shadow),
        neither,
    )
    assert found.as_service.pnl.mean == pytest.approx(sum(as_service) / len(as_service))
    assert found.resized.trades == len(more)
    assert found.resized_total == pytest.approx(sum(more))
    differ = 0
    for time_ms in range(1_000):
        ours, other = (in_force(revisions, time_ms, itself=True) for revisions in (service, shadow))
        differ += (ours.policy, ours.leverage) != (other.policy, other.leverage)
    assert found.share_of_time == pytest.approx(differ / 1_000)
    assert len(found.newest) == min(found.stretches, NEWEST_SHOWN)
