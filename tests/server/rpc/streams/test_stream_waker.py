"""StreamWaker: streams are woken when there is something to tell them, and only then."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from advice import NOW_MS, feedback
from set_clocks import SecondsClock

from strategic_memory_server.advice.feedback import FeedbackStatus, Times
from strategic_memory_server.memory.leverage_cap import LeverageCap
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.revisions.change_signal import ChangeSignal, Waiter
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.rpc.streams.stream_waker import StreamWaker

VALIDITY_MS = 180_000


class World:
    """A hub at revision 7, its waker, and a clock that the test moves."""

    def __init__(self, valid_for_ms: int = VALIDITY_MS) -> None:
        self.now_ms = NOW_MS
        clock = RedisClock(elapsed_ms=lambda: self.now_ms, wall_ms=lambda: self.now_ms)
        self.hub, self.changed = FeedbackHub("1.0.0", 3, clock), ChangeSignal()
        self.waker = StreamWaker(self.hub, self.changed, lambda: self.now_ms)
        valid_until_ms = NOW_MS + valid_for_ms
        newest = feedback(7, valid_until_ms=valid_until_ms, computed_at_ms=valid_until_ms - VALIDITY_MS)
        self.state = LogState("e1", 7, 7, newest.times)
        self.hub.load(LogSnapshot(self.state, (newest,), "0-0", "0-0"))
        self.changed.notify()

    async def waiting(self, heartbeat_s: float = 3_600) -> tuple[Waiter, asyncio.Future[bool]]:
        waiter = self.waker.waiter(heartbeat_s)
        waiter.look()
        return waiter, waiter.wait()

    def confirm(self, valid_until_ms: int, validity_ms: int = VALIDITY_MS) -> None:
        times = Times(valid_until_ms - validity_ms, NOW_MS, valid_until_ms)
        assert self.hub.confirm(replace(self.state, times=times))
        self.changed.notify()


async def test_a_revision_wakes_and_new_times_do_not() -> None:
    world = World()
    waiter, waiting = await world.waiting()
    world.confirm(NOW_MS + 200_000)
    await asyncio.sleep(0)
    assert not waiting.done()
    assert world.hub.append(feedback(8))
    world.changed.notify()
    async with asyncio.timeout(30):
        assert not await waiting
    waiter.close()


async def test_a_validity_that_passes_wakes_once() -> None:
    world = World(valid_for_ms=50)
    waiter, waiting = await world.waiting()
    world.now_ms += 51
    async with asyncio.timeout(30):
        assert not await waiting
    assert world.hub.in_force(world.now_ms).status is FeedbackStatus.STALE
    assert world.waker._alarm is not None
    assert world.waker._alarm.cancelled(), "there is nothing left to watch"
    waiter.close()


async def test_a_validity_that_was_moved_on_wakes_nobody() -> None:
    world = World(valid_for_ms=20)
    waiter, waiting = await world.waiting()
    world.confirm(NOW_MS + 120)
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(0.06, passed.set)
    await passed.wait()
    assert not waiting.done()
    world.now_ms = NOW_MS + 121
    async with asyncio.timeout(30):
        assert not await waiting
    waiter.close()


async def test_a_cap_that_nobody_publishes_wakes_as_it_acts_where_nothing_holds_any_more() -> None:
    world = World(valid_for_ms=-1)
    waiter, waiting = await world.waiting()
    world.hub.heed((LeverageCap("risk:leverage_limits", 0.3),))
    world.changed.notify()
    await asyncio.sleep(0)
    assert not waiting.done(), "whoever leads has time to publish it"
    world.now_ms = NOW_MS + 1_000
    async with asyncio.timeout(30):
        assert not await waiting
    assert world.hub.in_force(world.now_ms).advice.leverage_hint == 0.3
    waiter.close()


async def test_a_process_that_stands_still_as_it_looks_tells_of_the_cap_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, loop = World(valid_for_ms=-1), asyncio.get_running_loop()
    clock = SecondsClock(loop.time() - 10.0)

    def stands_still() -> int:
        then_ms, world.now_ms = world.now_ms, world.now_ms + 1_000
        clock.now_s += 1.0
        return then_ms

    waker = StreamWaker(world.hub, world.changed, stands_still)
    waiter = waker.waiter(3_600)
    world.hub.heed((LeverageCap("risk:leverage_limits", 0.3),))
    with monkeypatch.context() as patched:
        patched.setattr(loop, "time", clock)
        acts_in_ms = world.hub.heeds_in_ms(world.now_ms)
        assert acts_in_ms
        acts_at_s = clock.now_s + acts_in_ms / 1000
        world.changed.notify()
        assert waker._alarm is not None
        assert waker._alarm.when() - acts_at_s == pytest.approx(0.001, abs=1e-6)
    waiter.look()
    async with asyncio.timeout(30):
        assert not await waiter.wait()
    assert world.hub.in_force(world.now_ms).advice.leverage_hint == 0.3
    waiter.close()


async def test_a_clock_that_is_behind_the_timer_is_asked_again() -> None:
    world = World(valid_for_ms=5)
    waiter, waiting = await world.waiting()
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(0.03, passed.set)
    await passed.wait()
    assert not waiting.done(), "by the clock of the service it is still valid"
    world.now_ms += 6
    async with asyncio.timeout(30):
        assert not await waiting
    waiter.close()


@pytest.mark.parametrize("status", [FeedbackStatus.WARMING_UP, FeedbackStatus.STALE])
async def test_what_was_ended_early_makes_no_heartbeat_come_sooner(status: FeedbackStatus) -> None:
    """Milliseconds after it was confirmed: 20 heartbeats a second went to each stream for as long as that stood."""
    world = World()
    if status is FeedbackStatus.STALE:
        world.hub.heed((LeverageCap("risk:leverage_limits", 0.3),), at_once=True)
        world.changed.notify()
    else:
        ended = Times(NOW_MS - 2, NOW_MS, NOW_MS - 1)
        assert world.hub.confirm(replace(world.state, times=ended, withdrawn=True))
        world.changed.notify()
    assert world.hub.in_force(world.now_ms).status is status
    began_s = asyncio.get_running_loop().time()
    waiter, _ = await world.waiting(heartbeat_s=15)
    assert waiter._timer is not None
    assert waiter._timer.when() - began_s >= 0.8 * 15
    waiter.close()


async def test_another_validity_wakes_who_waits_for_longer() -> None:
    world = World()
    waiter, waiting = await world.waiting(heartbeat_s=15)
    world.now_ms += 1_000
    world.confirm(world.now_ms + 180_000)
    await asyncio.sleep(0)
    assert not waiting.done(), "the validity is as long as before"
    world.confirm(world.now_ms + 300, validity_ms=300)
    async with asyncio.timeout(10):
        assert not await waiting
        waiter.look()
        assert await waiter.wait(), "a heartbeat is due well before 15 s"
    waiter.close()
