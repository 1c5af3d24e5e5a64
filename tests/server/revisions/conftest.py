"""What the tests of revisions share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from server.revisions.followed_log import Follower, following

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


@pytest.fixture
async def follower(redis_server: EmbeddedRedis) -> AsyncIterator[Follower]:
    """A tail that follows the log of `redis_server`."""
    async with following(redis_server.url) as found:
        yield found
