"""What `/health` and `/metrics` say: of one process, or of all that serve on its port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from strategic_memory_server.monitoring.metrics import exposition


class Pages(Protocol):
    """Gives the answers."""

    async def health(self, portfolio: str = "") -> dict[str, Any]:
        """Return the answer of `/health` about a portfolio; may raise StrategicMemoryError."""
        ...

    async def metrics(self) -> bytes:
        """Return the answer of `/metrics`."""
        ...

    def seen(self, portfolio: str = "") -> dict[str, Any]:
        """Return the health at once, as it was within the last seconds; may raise StrategicMemoryError."""
        ...


class OwnPages:
    """Those of this process.

    Args:
        report: describes a portfolio; may raise StrategicMemoryError.
        registry: has its metrics.
        follow: sees to it that a portfolio beside the default one is followed; likewise.
    """

    def __init__(
        self,
        report: Callable[[str], dict[str, Any]],
        registry: CollectorRegistry,
        follow: Callable[[str], Awaitable[object]],
    ) -> None:
        self.registry = registry
        self._report = report
        self._follow = follow

    async def health(self, portfolio: str = "") -> dict[str, Any]:
        """Return the answer of `/health` about a portfolio."""
        if portfolio:
            await self._follow(portfolio)
        return self._report(portfolio)

    async def metrics(self) -> bytes:
        """Return the answer of `/metrics`."""
        return exposition(self.registry)

    def seen(self, portfolio: str = "") -> dict[str, Any]:
        """Return the health at once."""
        return self._report(portfolio)
