"""The tasks of the service: one that ends by an error breaks the service instead of leaving it half alive."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from strategic_memory_server.waiting.running_tasks import running, side_by_side


async def test_a_part_that_ends_by_an_error_is_told() -> None:
    broken = asyncio.Event()

    async def fails() -> None:
        raise LookupError("no such thing")

    with capture_logs() as lines:
        async with running(fails(), "memory-sync", broken):
            await asyncio.wait_for(broken.wait(), 5)
    [line] = lines
    assert (line["log_level"], line["part"]) == ("critical", "memory-sync")
    assert isinstance(line["exc_info"], LookupError)


async def test_a_part_that_ends_since_what_it_waits_for_was_given_up_is_told() -> None:
    broken = asyncio.Event()
    waited_for: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def waits() -> None:
        await waited_for

    with capture_logs() as lines:
        async with running(waits(), "leadership", broken):
            waited_for.cancel()
            await asyncio.wait_for(broken.wait(), 5)
    assert [line["part"] for line in lines] == ["leadership"]


async def test_a_part_that_is_ended_in_order_breaks_nothing() -> None:
    broken = asyncio.Event()
    begun = asyncio.Event()

    async def lasts() -> None:
        begun.set()
        await asyncio.Event().wait()

    with capture_logs() as lines:
        async with running(lasts(), "feedback-tail", broken):
            await begun.wait()
    assert not broken.is_set()
    assert lines == []


async def test_where_one_of_several_fails_the_others_are_given_up_and_its_error_is_raised() -> None:
    ended: list[str] = []
    both_run = asyncio.Barrier(2)

    async def fails() -> None:
        await both_run.wait()
        raise LookupError("no such thing")

    async def lasts() -> None:
        await both_run.wait()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("lasts")

    with pytest.raises(LookupError, match="no such thing"):
        await side_by_side([lasts(), fails()])
    assert ended == ["lasts"]
