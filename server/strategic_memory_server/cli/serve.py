"""`strategic-memory-server serve`: settings, signals and exit codes around the service."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib import metadata
from typing import Any

import structlog

from strategic_memory_server.application import open_service
from strategic_memory_server.cli.own_redis import OwnRedis, started
from strategic_memory_server.configuration.environment import (
    Environment,
    SettingsError,
    read_environment,
    unknown_variables,
)
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedisError
from strategic_memory_server.embedded.redis_binary import RedisBinaryNotFoundError
from strategic_memory_server.faults.errors import BrokenServiceError, ListenError
from strategic_memory_server.monitoring.log_lines import LogLines
from strategic_memory_server.monitoring.logging_setup import set_up_logging
from strategic_memory_server.process.ending_signals import ending_signals
from strategic_memory_server.tracing.asked import NoTracesError, log_ids, tracing_asked
from strategic_memory_server.tracing.tracing import OFF, Tracing

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_WRONG_SETTING = 2
EXIT_NO_REDIS = 3

ALLOCATIONS_BETWEEN_COLLECTIONS = 20_000
"""Objects made and not yet given back; garbage in cycles, mostly of exceptions, waits until then: some MB at most."""

logger = structlog.get_logger(__name__)


async def run_serve(overrides: Mapping[str, object], *, own_redis: OwnRedis | None) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; give the exit code."""
    if own_redis is not None and overrides.get("redis_url"):
        return _failed(
            "--embedded-redis starts a Redis of its own: leave out --redis-url, or leave out --embedded-redis", 2
        )
    try:
        environment = read_environment(overrides)
        lines = set_up_logging(environment.log_level, environment.log_format, log_ids(os.environ))
        if unknown := unknown_variables(os.environ):
            logger.warning("Environment variables are not known and have no effect", variables=unknown)
        await _serve(environment, lines, own_redis=own_redis)
    except SettingsError as error:
        return _failed(str(error), EXIT_WRONG_SETTING)
    except RedisBinaryNotFoundError as error:
        return _failed(str(error), EXIT_NO_REDIS)
    except (ListenError, EmbeddedRedisError, BrokenServiceError) as error:
        return _failed(str(error), EXIT_FAILED)
    return EXIT_OK


async def _serve(environment: Environment, lines: LogLines, *, own_redis: OwnRedis | None) -> None:
    settings = environment.service_settings()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, stop.set)
    ends: list[asyncio.Task[None]] = []
    async with AsyncExitStack() as stack:
        tracing = _tracing()
        stack.push_async_callback(tracing.close)
        if own_redis is not None:
            redis, watch = await stack.enter_async_context(started(own_redis, settings.redis))
            ends.append(watch)
            settings = replace(settings, redis=redis)
        service = await stack.enter_async_context(open_service(settings, lines.problem, tracing))
        _freeze_heap()
        await _until(asyncio.create_task(stop.wait()), asyncio.create_task(service.broken.wait()), *ends)
        if service.broken.is_set():
            raise BrokenServiceError
    logger.info("Service stopped")


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


def _failed(message: str, code: int) -> int:
    sys.stderr.write(f"strategic-memory-server: {message}\n")
    return code
