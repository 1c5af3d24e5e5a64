"""Clients of the real Redis for the tests of the service package."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis.asyncio
from patient_redis import patient

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.redis_connection import connect


@pytest.fixture
async def async_client(redis_server: EmbeddedRedis) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of `redis_server` as the service makes it."""
    async with connect(patient(redis_server.url)) as client:
        yield client
