"""`strategic-memory-server serve`: settings, signals and exit codes around the service."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import structlog

from strategic_memory_server.application import open_service
from strategic_memory_server.configuration.environment import (
    Environment,
    SettingsError,
    read_environment,
    unknown_variables,
)
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, EmbeddedRedisError, new_password
from strategic_memory_server.embedded.embedded_watch import keep_running
from strategic_memory_server.embedded.redis_binary import RedisBinaryNotFoundError
from strategic_memory_server.faults.errors import BrokenServiceError, ListenError
from strategic_memory_server.monitoring.log_lines import LogLines
from strategic_memory_server.monitoring.logging_setup import set_up_logging
from strategic_memory_server.process.ending_signals import ending_signals
from strategic_memory_server.redis_access.redis_connection import shown_url
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.waiting.running_tasks import cancel

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_WRONG_SETTING = 2
EXIT_NO_REDIS = 3

ALLOCATIONS_BETWEEN_COLLECTIONS = 20_000
"""Objects made and not yet given back; garbage in cycles, mostly of exceptions, waits until then: some MB at most."""

logger = structlog.get_logger(__name__)


async def run_serve(overrides: Mapping[str, object], *, embedded_redis: bool) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; give the exit code."""
    if embedded_redis and overrides.get("redis_url"):
        return _failed(
            "--embedded-redis starts a Redis of its own: leave out --redis-url, or leave out --embedded-redis", 2
        )
    try:
        environment = read_environment(overrides)
        lines = set_up_logging(environment.log_level, environment.log_format)
        if unknown := unknown_variables(os.environ):
            logger.warning("Environment variables are not known and have no effect", variables=unknown)
        await _serve(environment, lines, embedded_redis=embedded_redis)
    except SettingsError as error:
        return _failed(str(error), EXIT_WRONG_SETTING)
    except RedisBinaryNotFoundError as error:
        return _failed(str(error), EXIT_NO_REDIS)
    except (ListenError, EmbeddedRedisError, BrokenServiceError) as error:
        return _failed(str(error), EXIT_FAILED)
    return EXIT_OK


async def _serve(environment: Environment, lines: LogLines, *, embedded_redis: bool) -> None:
    settings = environment.service_settings()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, stop.set)
    ends: list[asyncio.Task[None]] = []
    async with AsyncExitStack() as stack:
        if embedded_redis:
            embedded = EmbeddedRedis(password=new_password())
            stack.push_async_callback(asyncio.to_thread, embedded.close)
            await asyncio.to_thread(embedded.start)
            logger.info(
                "Embedded Redis started",
                redis=shown_url(embedded.url),
                password_file=str(embedded.password_path),
                keeps="in memory only: all is gone when it stops",
            )
            watch = asyncio.create_task(keep_running(embedded), name="embedded-redis")
            ends.append(watch)
            stack.push_async_callback(cancel, watch)
            # What belongs to REDIS_URL, a password for example, is not for this one.
            given = settings.redis
            redis = RedisSettings(
                embedded.url,
                given.key_prefix,
                given.connect_timeout_s,
                given.command_timeout_s,
                is_in_memory=True,
            )
            settings = replace(settings, redis=redis)
        service = await stack.enter_async_context(open_service(settings, lines.problem))
        _settle_memory()
        await _until(asyncio.create_task(stop.wait()), asyncio.create_task(service.broken.wait()), *ends)
        if service.broken.is_set():
            raise BrokenServiceError
    logger.info("Service stopped")


async def _until(*ends: asyncio.Task[Any]) -> None:
    """Wait for one of the tasks; what it raises is raised."""
    done, others = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    for each in done:
        each.result()


def _settle_memory() -> None:
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
