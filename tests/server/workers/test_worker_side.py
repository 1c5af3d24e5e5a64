"""What a worker says of itself to the process that has started it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from structlog.testing import capture_logs

from strategic_memory_server.monitoring.http_server import http_app
from strategic_memory_server.monitoring.pages import OwnPages
from strategic_memory_server.waiting.running_tasks import cancel
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
