"""ChangeSignal and Waiter: nobody who waits misses a change, and nobody who leaves takes the others along."""

from __future__ import annotations

import asyncio

from strategic_memory_server.revisions.change_signal import ChangeSignal, Waiter
from strategic_memory_server.revisions.heartbeat_pace import HeartbeatPace


def paced(seconds: float, signal: ChangeSignal | None = None) -> Waiter:
    """One who waits for so long, whatever the shortest pace is."""
    return Waiter(signal or ChangeSignal(), HeartbeatPace(seconds, lambda: 4 * seconds, lambda: 1.0))


async def test_everybody_who_waits_is_woken() -> None:
    signal = ChangeSignal()
    waiting = [Waiter(signal).wait() for _ in range(100)]
    await asyncio.sleep(0)
    signal.notify()
    async with asyncio.timeout(30):
        assert await asyncio.gather(*waiting) == [False] * 100


async def test_a_change_between_looking_and_waiting_is_not_missed() -> None:
    signal = ChangeSignal()
    waiter = Waiter(signal)
    waiter.look()
    signal.notify()
    async with asyncio.timeout(30):
        assert not await waiter.wait()
    waiter.look()
    waiting = waiter.wait()
    await asyncio.sleep(0)
    assert not waiting.done(), "the next change is another one"
    signal.notify()
    async with asyncio.timeout(30):
        assert not await waiting


async def test_a_wait_ends_when_the_time_has_passed_and_not_before() -> None:
    loop = asyncio.get_running_loop()
    waiter = paced(0.05)
    for _ in range(3):
        began_s = loop.time()
        waiter.put_off(began_s)
        async with asyncio.timeout(30):
            assert await waiter.wait()
        assert loop.time() - began_s >= 0.05 - 0.001


async def test_a_time_that_is_put_off_again_and_again_does_not_pass() -> None:
    signal, loop = ChangeSignal(), asyncio.get_running_loop()
    waiter = paced(0.1, signal)
    put_off_s = loop.time()
    until_s = put_off_s + 0.3
    while loop.time() < until_s:
        waiter.look()
        loop.call_later(0.01, signal.notify)
        # It passes only where this process stands still for so long.
        if await waiter.wait():
            assert loop.time() - put_off_s >= 0.1 - 0.001, "it is counted from the last time"
        put_off_s = loop.time()
        waiter.put_off(put_off_s)
    waiter.look()
    async with asyncio.timeout(30):
        while not await waiter.wait():
            waiter.look()
    assert loop.time() - put_off_s >= 0.1 - 0.001, "it is counted from the last time"


async def test_a_time_that_passes_while_nobody_waits_is_told_at_the_next_wait() -> None:
    waiter, loop = paced(0.05), asyncio.get_running_loop()
    waiting = waiter.wait()
    await asyncio.sleep(0)
    waiting.cancel()
    rung = asyncio.Event()
    loop.call_later(0.1, rung.set)
    await rung.wait()
    async with asyncio.timeout(30):
        assert await waiter.wait()
        assert await waiter.wait(), "until it is put off"


async def test_a_pace_that_quickens_is_kept_by_who_waits_already() -> None:
    signal, loop = ChangeSignal(), asyncio.get_running_loop()
    validity_s = 1_000.0
    waiter = Waiter(signal, HeartbeatPace(60.0, lambda: validity_s, lambda: 1.0))
    waiter.look()
    waiting = waiter.wait()
    await asyncio.sleep(0)
    validity_s = 0.4
    signal.notify()
    async with asyncio.timeout(30):
        assert not await waiting
        waiter.look()
        assert await waiter.wait()
    waiter.close()
    assert not [timer for timer in loop._scheduled if not timer.cancelled() and timer.when() > loop.time() + 30]  # type: ignore[attr-defined]


async def test_who_leaves_does_not_disturb_the_others_and_is_forgotten() -> None:
    signal = ChangeSignal()
    waiters = [Waiter(signal) for _ in range(2)]
    leaving, staying = (waiter.wait() for waiter in waiters)
    leaving.cancel()
    waiters[0].close()
    assert not staying.done()
    assert len(signal._waiting) == 1
    signal.notify()
    async with asyncio.timeout(30):
        await staying


async def test_who_is_cancelled_in_the_moment_of_a_change_is_no_error() -> None:
    signal = ChangeSignal()
    leaving, staying = (Waiter(signal).wait() for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    signal.notify()
    async with asyncio.timeout(30):
        await asyncio.wait([leaving, staying])
    assert (leaving.cancelled(), staying.result()) == (True, False)


async def test_a_closed_waiter_leaves_no_timer_behind() -> None:
    waiter, loop = paced(3_600.0), asyncio.get_running_loop()
    waiting = waiter.wait()
    await asyncio.sleep(0)
    waiting.cancel()
    waiter.close()
    timers = [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
    assert not [timer for timer in timers if timer.when() > loop.time() + 3_000]


async def test_listeners_are_told_before_those_who_wait() -> None:
    signal, told = ChangeSignal(), list[str]()
    waiting = Waiter(signal).wait()
    waiting.add_done_callback(lambda _: told.append("waiter"))
    await asyncio.sleep(0)
    signal.listen(lambda: told.append("listener"))
    signal.notify()
    await asyncio.wait([waiting])
    assert told == ["listener", "waiter"]


async def test_a_change_that_nobody_waits_for_is_no_error() -> None:
    signal = ChangeSignal()
    signal.notify()
    signal.notify()
    assert signal.changes == 2
