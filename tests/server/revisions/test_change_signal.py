"""ChangeSignal: nobody who waits misses a change, and nobody who leaves takes the others along."""

from __future__ import annotations

import asyncio
import math

from strategic_memory_server.revisions.change_signal import ChangeSignal, wait_until


async def test_everybody_who_waits_is_woken() -> None:
    signal = ChangeSignal()
    waiting = [asyncio.create_task(wait_until(signal.pending, math.inf)) for _ in range(100)]
    await asyncio.sleep(0)
    signal.notify()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)


async def test_a_change_between_looking_and_waiting_is_not_missed() -> None:
    signal = ChangeSignal()
    pending = signal.pending
    signal.notify()
    async with asyncio.timeout(5):
        await wait_until(pending, math.inf)
    assert not signal.pending.done(), "the next change is another one"


async def test_a_wait_ends_in_time() -> None:
    signal = ChangeSignal()
    async with asyncio.timeout(5):
        await wait_until(signal.pending, 0.001)
    assert not signal.pending.done()


async def test_who_leaves_does_not_disturb_the_others() -> None:
    signal = ChangeSignal()
    leaving, staying = (asyncio.create_task(wait_until(signal.pending, math.inf)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    assert not staying.done()
    signal.notify()
    async with asyncio.timeout(5):
        await staying


async def test_a_change_that_nobody_waits_for_is_no_error() -> None:
    signal = ChangeSignal()
    signal.notify()
    signal.notify()
