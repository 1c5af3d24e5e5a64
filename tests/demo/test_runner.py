from __future__ import annotations

import asyncio

import pytest

from strategic_memory_demo.runner import _until_stopped


async def for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("for ever")


async def test_it_runs_until_it_is_told_to_stop() -> None:
    stop, ended = asyncio.Event(), list[str]()
    running = asyncio.create_task(_until_stopped(stop, None, for_ever(ended)))
    await asyncio.sleep(0)
    assert not running.done()
    stop.set()
    await asyncio.wait_for(running, 30)
    assert ended == ["for ever"]


async def test_it_runs_no_longer_than_its_time() -> None:
    ended: list[str] = []
    await asyncio.wait_for(_until_stopped(asyncio.Event(), 0.01, for_ever(ended)), 30)
    assert ended == ["for ever"]


async def test_the_failure_of_one_activity_ends_all_and_is_raised() -> None:
    async def fails() -> None:
        raise ValueError("broken")

    ended: list[str] = []
    with pytest.raises(ValueError, match="broken"):
        await asyncio.wait_for(_until_stopped(asyncio.Event(), None, for_ever(ended), fails()), 30)
    assert ended == ["for ever"]
