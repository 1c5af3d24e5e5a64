"""Tasks end although a cancellation may be lost on its way."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from history.cancellation import cancel_all, to_its_end


async def test_a_lost_cancellation_is_repeated() -> None:
    lost = 0

    async def stubborn() -> None:
        nonlocal lost
        while lost < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost += 1

    async def failing() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise ValueError("at the end")

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
    await asyncio.wait(tasks, timeout=0.01)
    await cancel_all(tasks)
    assert all(task.done() for task in tasks)
    await cancel_all([])


async def test_what_closes_is_closed_though_whoever_waits_is_cancelled_again_and_again() -> None:
    may_close, is_closed = asyncio.Event(), False

    async def close() -> None:
        nonlocal is_closed
        await may_close.wait()
        is_closed = True

    task = asyncio.create_task(to_its_end(close()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_close.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_closed


async def test_what_fails_as_it_closes_says_so() -> None:
    async def close() -> None:
        raise OSError("it was closed before")

    with pytest.raises(OSError, match="before"):
        await to_its_end(close())
