"""Turns: one look at the hub for all who ask in one turn of the event loop, and another one in the next."""

from __future__ import annotations

import asyncio
from itertools import count
from unittest.mock import Mock

import pytest
from advice import NOW_MS, feedback
from server.revisions.read_log import RING, load

from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.rpc.served_portfolio import ServedPortfolio, Sources
from strategic_memory_server.rpc.streams import turns as turns_of_streams
from strategic_memory_server.rpc.streams.turns import Turns
from strategic_memory_server.rpc.wire.message_cache import MessageCache


@pytest.fixture
def hub() -> FeedbackHub:
    found = FeedbackHub("1.0.0", RING)
    load(found, 1, 2)
    return found


def turns_on(hub: FeedbackHub) -> Turns:
    """Turns whose clock goes on by a millisecond whenever it is asked."""
    clock = count(NOW_MS).__next__
    return Turns(clock, hub, MessageCache(clock))


async def test_the_hub_is_looked_at_once_in_a_turn(hub: FeedbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_of_streams, "LONGEST_S", 3_600.0)
    turns = turns_on(hub)
    first = turns.now()
    assert turns.now() is first
    assert (first.now_ms, first.in_force, first.message.feedback.revision) == (NOW_MS, hub.in_force(NOW_MS), 2)
    await asyncio.sleep(0)
    assert turns.now().now_ms == NOW_MS + 1


async def test_a_turn_that_lasts_is_followed_by_another_one(hub: FeedbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_of_streams, "LONGEST_S", 0.0)
    turns = turns_on(hub)
    assert [turns.now().now_ms - NOW_MS for _ in range(3)] == [0, 1, 2]


async def test_a_hub_that_changes_ends_the_turn(hub: FeedbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_of_streams, "LONGEST_S", 3_600.0)
    turns = turns_on(hub)
    assert turns.now().in_force.revision == 2
    assert hub.append(feedback(3))
    assert turns.now().in_force.revision == 3
    load(hub, 4, epoch="e2", epoch_start=4)
    assert (turns.now().in_force.epoch, turns.now().message.feedback.epoch) == ("e2", "e2")


async def test_what_streams_were_sent_goes_with_the_last_of_them(hub: FeedbackHub) -> None:
    portfolio = ServedPortfolio(Sources(hub, ChangeSignal(), unasked := Mock(), unasked, unasked, hub.now_ms))
    with portfolio.streamed():
        with portfolio.streamed():
            portfolio.messages.delivery(feedback(1), 0)
        assert portfolio.messages._kept
    assert not portfolio.messages._kept


async def test_a_cap_that_nobody_publishes_ends_the_turn(hub: FeedbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_of_streams, "LONGEST_S", 3_600.0)
    changed, unasked = ChangeSignal(), Mock()
    portfolio = ServedPortfolio(Sources(hub, changed, unasked, unasked, unasked, hub.now_ms))
    waiter = portfolio.waker.waiter(3_600.0)
    before = portfolio.turn()
    cap = LeverageCap("exposure:summary", 0.3, hub.now_ms())
    hub.heed((cap,), at_once=True)
    changed.notify()
    # What a stream looks at now it is not woken for.
    waiter.look()
    assert portfolio.turn().in_force.advice.leverage_caps == (cap,) != before.in_force.advice.leverage_caps
    waiter.close()
