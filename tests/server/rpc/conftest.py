"""The service as a server in this process, for the tests of its RPCs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis.asyncio
from in_process_server import InProcessServer, in_process_server


@pytest.fixture
async def service(async_client: redis.asyncio.Redis) -> AsyncIterator[InProcessServer]:
    """A server on `redis_server` that has read nothing of the log."""
    async with in_process_server(async_client) as found:
        yield found
