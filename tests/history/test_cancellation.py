"""Tasks end although a cancellation may be lost on its way."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from history.cancellation import cancel_all


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
