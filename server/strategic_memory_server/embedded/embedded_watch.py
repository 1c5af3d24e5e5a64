"""Watches over an embedded Redis: it is started again once if it dies, and then it is given up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, EmbeddedRedisError

LOOKED_AT_S = 0.25
"""How often it is looked at, seconds."""

logger = structlog.get_logger(__name__)


async def keep_running(embedded: EmbeddedRedis, started_again: Callable[[], None] = lambda: None) -> None:
    """Watch over a server that was started, until cancelled; nobody else may start or stop it meanwhile.

    Args:
        embedded: the server.
        started_again: is called, in a thread, when it was started again.

    Raises:
        EmbeddedRedisError: it has died a second time, or could not be started again.
    """
    restarts = 0
    while True:
        await asyncio.sleep(LOOKED_AT_S)
        if embedded.running:
            continue
        if restarts:
            raise EmbeddedRedisError(f"The embedded Redis has died twice. {embedded.last_words()}")
        restarts += 1
        logger.error("Embedded Redis has died; it is started again", what=embedded.last_words())
        await _uninterrupted(embedded, started_again)
        logger.warning("Embedded Redis runs again; it holds what it had kept on disk, if anything", port=embedded.port)


async def _uninterrupted(embedded: EmbeddedRedis, started_again: Callable[[], None]) -> None:
    """Start it and say so; a cancellation ends the start, which is waited for, and is passed on then."""

    def again() -> None:
        embedded.start()
        started_again()

    start = asyncio.ensure_future(asyncio.to_thread(again))
    try:
        await asyncio.shield(start)
    except asyncio.CancelledError:
        embedded.given_up.set()
        # Whoever cancels does so again until this has ended, and stops the server then, which a start must not outlive.
        while not start.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([start])
        if (error := start.exception()) is not None:
            logger.info("Embedded Redis is not started again, for the service ends", error=str(error))
        raise
