"""What the tests of the long memory share."""

from __future__ import annotations

import pytest
import redis.asyncio
from server.long_memory.memory_keeper import Keeper


@pytest.fixture
def keeper(async_client: redis.asyncio.Redis) -> Keeper:
    """A long memory that remembers a hundred ids."""
    return Keeper(async_client)
