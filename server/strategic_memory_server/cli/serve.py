"""`strategic-memory-server serve`: settings, signals and exit codes around the service."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack

import structlog

from strategic_memory_server.application import open_service
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, EmbeddedRedisError
from strategic_memory_server.embedded.redis_binary import RedisBinaryNotFoundError
from strategic_memory_server.environment import Environment, SettingsError, read_environment, unknown_variables
from strategic_memory_server.errors import ListenError
from strategic_memory_server.monitoring.logging_setup import set_up_logging

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_WRONG_SETTING = 2
EXIT_NO_REDIS = 3

logger = structlog.get_logger(__name__)


async def run_serve(overrides: Mapping[str, object], *, embedded_redis: bool) -> int:
    """Serve until SIGINT or SIGTERM; give the exit code."""
    if embedded_redis and overrides.get("redis_url"):
        return _failed(
            "--embedded-redis starts a Redis of its own: leave out --redis-url, or leave out --embedded-redis", 2
        )
    try:
        environment = read_environment(overrides)
        set_up_logging(environment.log_level, environment.log_format)
        if unknown := unknown_variables(os.environ):
            logger.warning("Environment variables are not known and have no effect", variables=unknown)
        await _serve(environment, embedded_redis=embedded_redis)
    except SettingsError as error:
        return _failed(str(error), EXIT_WRONG_SETTING)
    except RedisBinaryNotFoundError as error:
        return _failed(str(error), EXIT_NO_REDIS)
    except (ListenError, EmbeddedRedisError) as error:
        return _failed(str(error), EXIT_FAILED)
    return EXIT_OK


async def _serve(environment: Environment, *, embedded_redis: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        if embedded_redis:
            embedded = EmbeddedRedis()
            stack.push_async_callback(asyncio.to_thread, embedded.close)
            await asyncio.to_thread(embedded.start)
            logger.info("Embedded Redis started", redis=embedded.url)
            environment = environment.model_copy(update={"redis_url": embedded.url})
        await stack.enter_async_context(open_service(environment.service_settings()))
        await stop.wait()
    logger.info("Service stopped")


def _failed(message: str, code: int) -> int:
    sys.stderr.write(f"strategic-memory-server: {message}\n")
    return code
