"""What a worker says of itself to the process that has started it."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from processes import aeventually
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from structlog.testing import capture_logs

from strategic_memory_server.faults.errors import LogNotReadError, UnknownPortfolioError
from strategic_memory_server.monitoring.http_server import http_app
from strategic_memory_server.monitoring.pages import OwnPages
from strategic_memory_server.waiting.running_tasks import cancel
from strategic_memory_server.workers import worker_side
from strategic_memory_server.workers.link import Link
from strategic_memory_server.workers.supervisor import Supervisor
from strategic_memory_server.workers.worker_side import WorkerSide


async def test_a_worker_that_has_only_just_begun_answers_for_all_to_be_told() -> None:
    """It waits for its log and caps where it is asked itself; the others would take it for one that hangs."""
    begun = asyncio.Event()

    async def follow(_portfolio: str) -> None:
        await begun.wait()

    async def none() -> list[Metric]:
        return []

    def report(portfolio: str) -> dict[str, Any]:
        return {"portfolio": portfolio}

    one, other = socket.socketpair()
    link = await Link.over(one, {})
    with other:
        WorkerSide(link).pages_of(OwnPages(report, CollectorRegistry(), follow, none))
        async with asyncio.timeout(30):
            assert await link.answers["health"]("") == {"portfolio": ""}
        named = asyncio.ensure_future(link.answers["health"]("alpha"))
        await asyncio.sleep(0)
        assert not named.done()
        begun.set()
        assert await named == {"portfolio": "alpha"}
    await link.run()  # until it has closed


async def test_of_a_portfolio_that_it_has_only_just_opened_a_worker_says_in_time_what_it_knows() -> None:
    """It has two seconds to read it, and one to answer: it was told as not answering."""
    begun, opened = asyncio.Event(), set()

    async def follow(portfolio: str) -> None:
        opened.add(portfolio)
        await begun.wait()

    one, other = socket.socketpair()
    asks, answers = await Link.over(one, {}), await Link.over(other, {})
    running = [asyncio.create_task(link.run()) for link in (asks, answers)]
    WorkerSide(answers).pages_of(OwnPages(lambda name: {"open": name in opened}, CollectorRegistry(), follow, _none))
    async with asyncio.timeout(60):
        assert await asks.ask("health", 30.0, "alpha") == {"open": True}
    begun.set()
    for each in running:
        await cancel(each)


async def test_of_a_portfolio_that_is_not_to_be_had_a_worker_says_why_also_when_that_comes_late() -> None:
    begun, loop = asyncio.Event(), asyncio.get_running_loop()
    unretrieved: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: unretrieved.append(context))

    async def follow(portfolio: str) -> None:
        await begun.wait()
        raise UnknownPortfolioError(portfolio, "")

    def report(portfolio: str) -> dict[str, Any]:
        raise LogNotReadError

    one, other = socket.socketpair()
    link = await Link.over(one, {})
    with other:
        WorkerSide(link).pages_of(OwnPages(report, CollectorRegistry(), follow, _none))
        with pytest.raises(LogNotReadError):
            await link.answers["health"]("alpha")
        begun.set()
        await asyncio.sleep(0)
        with pytest.raises(UnknownPortfolioError):
            await link.answers["health"]("alpha")
    await link.run()
    gc.collect()
    assert unretrieved == []


async def test_a_page_that_is_opened_again_shows_no_health_of_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no page was open the first one was shown what had been wrong when the last one was."""
    health = {"problems": ["worker 1: is starting"]}

    async def whole(_about: str) -> dict[str, Any]:
        return health

    one, other = socket.socketpair()
    links = await Link.over(one, {}), await Link.over(other, {"health": whole})
    running = [asyncio.create_task(link.run()) for link in links]
    own = OwnPages(lambda _portfolio: {"problems": []}, CollectorRegistry(), _follow, _none)
    pages, now_s = WorkerSide(links[0]).pages_of(own), time.monotonic()
    monkeypatch.setattr(worker_side, "time", SimpleNamespace(monotonic=lambda: now_s))
    assert pages.seen() == {"problems": []}
    await aeventually(lambda: pages.seen() == health)
    now_s += 5.0
    assert pages.seen() == health, "it is asked for anew"
    now_s += 3600.0
    assert pages.seen() == {"problems": []}
    await aeventually(lambda: pages.seen() == health)
    for each in running:
        await cancel(each)


async def test_metrics_that_the_first_process_does_not_gather_are_refused_with_a_sentence() -> None:
    """Those of one worker would look as if the others had never counted; a scrape of them was a traceback and 500."""

    async def none() -> list[Metric]:
        return []

    one, other = socket.socketpair()
    link = await Link.over(one, {})
    other.close()
    await link.run()
    pages = WorkerSide(link).pages_of(OwnPages(lambda _portfolio: {}, CollectorRegistry(), _follow, none))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(http_app(pages)), base_url="http://localhost") as client:
        refused = await client.get("/metrics")
    assert refused.status_code == 503
    assert refused.text.endswith("for the process that starts them does not answer: the other process has gone\n")


async def test_where_no_worker_answers_in_time_the_one_that_is_asked_says_that_it_speaks_for_itself_alone() -> None:
    """The process that starts them does answer then, and nothing is wrong with it that a traceback could tell."""

    async def none() -> list[Metric]:
        return []

    one, other = socket.socketpair()
    links = await Link.over(one, {}), await Link.over(other, {"health": Supervisor(2, {}).health})
    running = [asyncio.ensure_future(link.run()) for link in links]
    own = OwnPages(lambda _portfolio: {"problems": ["sync: late"]}, CollectorRegistry(), _follow, none)
    with capture_logs() as logged:
        said = await WorkerSide(links[0]).pages_of(own).health("")
    assert said["problems"] == [
        (
            "workers: this is one worker alone, for the process that starts them does not tell of all: "
            "worker 0: has not been started yet; worker 1: has not been started yet"
        ),
        "sync: late",
    ]
    assert logged == []
    for each in running:
        await cancel(each)


async def _follow(_portfolio: str) -> None: ...


async def _none() -> list[Metric]:
    return []
