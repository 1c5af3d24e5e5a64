"""What `/health` says waits for the portfolio that it is about, as calls do."""

from __future__ import annotations

import asyncio
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from strategic_memory_server.monitoring.pages import OwnPages


async def test_the_health_of_no_portfolio_is_told_before_it_says_what_holds() -> None:
    begun = asyncio.Event()

    async def follow(_portfolio: str) -> None:
        await begun.wait()

    def report(portfolio: str) -> dict[str, Any]:
        assert begun.is_set(), "it would say 1.0 over a lower cap"
        return {"portfolio": portfolio}

    async def none() -> list[Metric]:
        return []

    pages = OwnPages(report, CollectorRegistry(), follow, none)
    asked = [asyncio.create_task(pages.health(portfolio)) for portfolio in ("", "alpha")]
    await asyncio.sleep(0)
    begun.set()
    assert await asyncio.gather(*asked) == [{"portfolio": ""}, {"portfolio": "alpha"}]
