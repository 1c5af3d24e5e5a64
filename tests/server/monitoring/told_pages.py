"""ToldPages: the pages of a process that says what a test tells it to."""

from __future__ import annotations

from typing import Any


class ToldPages:
    """Says this, of every portfolio."""

    def __init__(self, health: dict[str, Any] | None = None, metrics: bytes = b"") -> None:
        self._health = health or {}
        self._metrics = metrics

    async def health(self, portfolio: str = "") -> dict[str, Any]:
        """Return the answer of `/health`."""
        return self._health

    async def metrics(self) -> bytes:
        """Return the answer of `/metrics`."""
        return self._metrics

    def seen(self, portfolio: str = "") -> dict[str, Any]:
        """Return the health at once."""
        return self._health
