"""The service in this process: opened, run until a signal, closed."""

from __future__ import annotations

import asyncio
import gc
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib import metadata
from typing import Any

import structlog

from strategic_memory_server.application import open_service
from strategic_memory_server.cli.own_redis import OwnRedis, StoppedWhileStartingError, started
from strategic_memory_server.configuration.environment import Environment
from strategic_memory_server.faults.errors import BrokenServiceError
from strategic_memory_server.monitoring.log_lines import LogLines
from strategic_memory_server.monitoring.pages import OwnPages, Pages
from strategic_memory_server.process.ending_signals import ending_signals
from strategic_memory_server.tracing.asked import NoTracesError, tracing_asked
from strategic_memory_server.tracing.tracing import OFF, Tracing
from strategic_memory_server.workers.worker_side import WorkerSide

ALLOCATIONS_BETWEEN_COLLECTIONS = 20_000
"""Objects made and not yet given back; garbage in cycles, mostly of exceptions, waits until then: some MB at most."""

logger = structlog.get_logger(__name__)


async def serve(
    environment: Environment, lines: LogLines, *, own_redis: OwnRedis | None = None, worker: WorkerSide | None = None
) -> None:
    """Serve until a signal, or until the process that has started this one as one of several has gone.

    Args:
        environment: what to serve.
        lines: writes the log.
        own_redis: a Redis to start; None: there is one.
        worker: the link to that process; None: this is the only one.
    """
    settings = environment.service_settings()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, stop.set)
    ends: list[asyncio.Task[Any]] = []
    pages_of = _own if worker is None else worker.pages_of
    async with AsyncExitStack() as stack:
        tracing = _tracing()
        stack.push_async_callback(tracing.close)
        if own_redis is not None:
            try:
                redis, watch = await stack.enter_async_context(started(own_redis, settings.redis, stop))
            except StoppedWhileStartingError:
                logger.info("Service stopped while its Redis was starting")
                return
            ends.append(watch)
            settings = replace(settings, redis=redis)
        service = await stack.enter_async_context(open_service(settings, lines.problem, tracing, pages_of))
        _freeze_heap()
        if worker is not None:
            await worker.ready()
            ends.append(asyncio.create_task(worker.gone.wait()))
        await _until(asyncio.create_task(stop.wait()), asyncio.create_task(service.broken.wait()), *ends)
        if worker is not None and worker.gone.is_set():
            logger.error("The process that runs the workers has gone, so this one ends")
        if service.broken.is_set():
            raise BrokenServiceError
    logger.info("Service stopped")


def _own(own: OwnPages) -> Pages:
    return own


def _tracing() -> Tracing:
    """Begin to trace where that is asked for; the advice does not wait for it to work."""
    try:
        return tracing_asked(os.environ, metadata.version("strategic-memory"))
    except NoTracesError as error:
        logger.warning("There are no traces", error=str(error))
        return OFF


async def _until(*ends: asyncio.Task[Any]) -> None:
    """Wait for one of the tasks; what it raises is raised."""
    done, others = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    for each in done:
        each.result()


def _freeze_heap() -> None:
    """Take what was made during the start out of the collector's sight, and call it less often.

    By default it runs after 700 allocations, several times while one change goes out to a thousand subscribers, and now
    and then it would look at every imported module.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS)
