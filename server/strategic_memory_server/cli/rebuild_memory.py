"""`strategic-memory-server rebuild-memory`: lets the long memory be built anew from the trade stream."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

from redis.exceptions import RedisError

from strategic_memory_server.cli.portfolio_option import settings_asked
from strategic_memory_server.configuration.environment import SettingsError
from strategic_memory_server.entries import input_keys
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.redis_access.redis_connection import connect, failure_at
from strategic_memory_server.redis_access.redis_settings import RedisSettings

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_WRONG_SETTING = 2


def rebuild_memory(overrides: Mapping[str, object], portfolio: str = "") -> int:
    """Forget the long memory in Redis; give the exit code. A server that runs begins anew with its next sync."""
    try:
        settings = settings_asked(overrides, portfolio)
    except SettingsError as error:
        return _failed(str(error), EXIT_WRONG_SETTING)
    try:
        asyncio.run(_forget(settings.redis, settings.sync.advice.evidence.decay))
    except (RedisError, OSError) as error:
        return _failed(failure_at(settings.redis.url, error), EXIT_FAILED)
    return EXIT_OK


async def _forget(redis: RedisSettings, decay: float) -> None:
    first, beside = MemoryKeys.under(redis.key_prefix), MemoryKeys.beside(redis.key_prefix, decay)
    async with connect(redis) as client:
        counted = await client.xlen(input_keys.key_of(redis.key_prefix, input_keys.TRADE_RESULTS))
        existed = await client.delete(first.evidence, first.trade_ids, beside.evidence, beside.trade_ids)
    found = "The long memory is forgotten." if existed else "There was no long memory."
    sys.stdout.write(f"{found} The server that leads builds it from the {counted} entries of the trade stream.\n")


def _failed(message: str, code: int) -> int:
    sys.stderr.write(f"strategic-memory-server: {message}\n")
    return code
