"""Questions and answers between two processes."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from processes import aeventually
from structlog.testing import capture_logs

from strategic_memory_server.faults.errors import UnknownPortfolioError
from strategic_memory_server.workers import link
from strategic_memory_server.workers.link import Answer, Link, NoAnswerError, Said


@asynccontextmanager
async def linked(answers: Mapping[str, Answer], heard: list[tuple[str, Said]]) -> AsyncIterator[tuple[Link, Link]]:
    """Yield who asks and who answers; what the latter is told comes into `heard`."""
    one, other = socket.socketpair()
    asks = await Link.over(one, {})
    answering = await Link.over(other, answers, lambda what, value: heard.append((what, value)))
    tasks = [asyncio.create_task(each.run()) for each in (asks, answering)]
    try:
        yield asks, answering
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_question_has_its_own_answer_whichever_comes_first() -> None:
    slow = asyncio.Event()

    async def late(_about: str) -> Said:
        await slow.wait()
        return ["late", 1.5]

    async def soon(_about: str) -> Said:
        return {"soon": "ü" * 1_000_000}

    async with linked({"late": late, "soon": soon}, []) as (asks, _):
        waiting = asyncio.create_task(asks.ask("late", 10))
        assert await asks.ask("soon", 10) == {"soon": "ü" * 1_000_000}
        slow.set()
        assert await waiting == ["late", 1.5]


async def test_what_has_no_answer_in_time_or_at_all() -> None:
    async def never(_about: str) -> Said:
        await asyncio.Event().wait()

    async def fails(_about: str) -> Said:
        raise ValueError("redis://user:hunter2@host")

    async def is_not_there(about: str) -> Said:
        raise UnknownPortfolioError(about, "")

    async with linked({"never": never, "fails": fails, "is not there": is_not_there}, []) as (asks, _):
        with pytest.raises(NoAnswerError, match=r"no portfolio .*alpha"):
            await asks.ask("is not there", 10, "alpha")
        with pytest.raises(NoAnswerError, match=r"no answer within 0\.01 s"):
            await asks.ask("never", 0.01)
        with pytest.raises(NoAnswerError, match=r"^ValueError$"):
            await asks.ask("fails", 10)
        with pytest.raises(NoAnswerError, match=r"^KeyError$"):
            await asks.ask("nothing", 10)


async def test_an_answer_that_is_too_long_takes_neither_process_from_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the metrics of ten thousand portfolios of which much is refused: at each scrape all workers would end."""
    monkeypatch.setattr(link, "LARGEST_LINE_BYTES", 1_000)

    async def long(_about: str) -> Said:
        return "x" * 1_000

    async def short(_about: str) -> Said:
        return "x"

    async with linked({"long": long, "short": short}, []) as (asks, answering):
        with pytest.raises(NoAnswerError, match=r"its answer has 10\d\d bytes"):
            await asks.ask("long", 10)
        assert await asks.ask("short", 10) == "x"
        assert asks.is_open
        assert answering.is_open


async def test_an_answer_that_is_too_long_is_told_once_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "LARGEST_LINE_BYTES", 1_000)

    async def long(_about: str) -> Said:
        return "x" * 1_000

    with capture_logs() as lines:
        async with linked({"metrics": long}, []) as (asks, answering):
            now_s = 0.0
            answering._clock_s = lambda: now_s
            for step_s in (15.0, link.TOLD_EVERY_S - 15.0, 15.0):
                with pytest.raises(NoAnswerError, match="its answer has"):
                    await asks.ask("metrics", 10)
                now_s += step_s
    assert [line["what"] for line in lines] == ["metrics", "metrics"]


async def test_an_answer_that_came_while_the_process_stood_still_is_taken_after_its_time() -> None:
    """A worker was told as not answering where it was this process that could not listen."""
    one, other = socket.socketpair()
    asks = await Link.over(one, {})
    running = asyncio.create_task(asks.run())
    with other:
        asked = asyncio.create_task(asks.ask("health", 0.05))
        # The question is written, and its time begins.
        await asyncio.sleep(0)
        other.sendall(b'{"answer": "well", "number": 0}\n')
        stand_still_s = 0.1
        time.sleep(stand_still_s)  # noqa: ASYNC251
        assert await asked == "well"
    await running


async def test_who_waits_for_an_answer_hears_that_the_other_has_gone() -> None:
    async def never(_about: str) -> Said:
        await asyncio.Event().wait()

    one, other = socket.socketpair()
    asks, answering = await Link.over(one, {}), await Link.over(other, {"never": never})
    ending = asyncio.create_task(answering.run())
    living = asyncio.create_task(asks.run())
    waiting = asyncio.create_task(asks.ask("never", 60))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(NoAnswerError, match="has gone"):
        await waiting
    await living
    with pytest.raises(NoAnswerError, match="has gone"):
        await asks.ask("never", 60)
    # Whoever tells it something is not harmed.
    await asks.tell("ready")


async def test_what_is_asked_about_is_told() -> None:
    async def echo(about: str) -> Said:
        return about

    async with linked({"echo": echo}, []) as (asks, _):
        assert await asks.ask("echo", 10, "alpha") == "alpha"
        assert await asks.ask("echo", 10) == ""


async def test_what_is_told_arrives() -> None:
    heard: list[tuple[str, Said]] = []
    async with linked({}, heard) as (asks, _):
        await asks.tell("ready")
        await asks.tell("failed", {"code": 2})
        await aeventually(lambda: len(heard) == 2)
    assert heard == [("ready", None), ("failed", {"code": 2})]
