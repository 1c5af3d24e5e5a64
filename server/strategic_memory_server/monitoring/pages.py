"""What `/health` and `/metrics` say: of one process, or of all that serve on its port."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from strategic_memory_server.monitoring.joined_metrics import written


class NotGatheredError(Exception):
    """What all processes count together is not to be had just now; the text says why."""


class Pages(Protocol):
    """Gives the answers."""

    async def health(self, portfolio: str = "") -> dict[str, Any]:
        """Return the answer of `/health` about a portfolio; may raise StrategicMemoryError."""
        ...

    async def metrics(self) -> bytes:
        """Return the answer of `/metrics`; may raise NotGatheredError."""
        ...

    def seen(self, portfolio: str = "") -> dict[str, Any]:
        """Return the health at once, as it was within the last seconds; may raise StrategicMemoryError."""
        ...


class OwnPages:
    """Those of this process.

    Args:
        report: describes a portfolio; may raise StrategicMemoryError.
        registry: has its metrics.
        follow: sees to it that a portfolio is followed, and waits while it has only just begun; likewise.
        portfolios: gives the metrics of the portfolios.
    """

    def __init__(
        self,
        report: Callable[[str], dict[str, Any]],
        registry: CollectorRegistry,
        follow: Callable[[str], Awaitable[object]],
        portfolios: Callable[[], Awaitable[list[Metric]]],
    ) -> None:
        self._registry = registry
        self._portfolios = portfolios
        # Of many portfolios one answer takes much memory.
        self._one_at_once = asyncio.Lock()
        self._report = report
        self._follow = follow

    async def health(self, portfolio: str = "") -> dict[str, Any]:
        """Return the answer of `/health` about a portfolio."""
        await self._follow(portfolio)
        return self._report(portfolio)

    async def metrics(self) -> bytes:
        """Return the answer of `/metrics`, which is written in a thread: of many portfolios that takes a second."""
        async with self._one_at_once:
            return await asyncio.to_thread(written, await self.collected())

    async def collected(self) -> list[Metric]:
        """Return the metrics."""
        return [*self._registry.collect(), *await self._portfolios()]

    def seen(self, portfolio: str = "") -> dict[str, Any]:
        """Return the health at once."""
        return self._report(portfolio)
