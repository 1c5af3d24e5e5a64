"""What the tests of revisions share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import redis.asyncio
from claimed import ClaimedLog, ClaimedPublisher
from server.revisions.followed_log import Follower, following
from server.revisions.historian import Historian
from server.revisions.read_log import RING, load

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.revisions.feedback_hub import FeedbackHub


@pytest.fixture
async def follower(redis_server: EmbeddedRedis) -> AsyncIterator[Follower]:
    """A tail that follows the log of `redis_server`."""
    async with following(redis_server.url) as found:
        yield found


@pytest.fixture
async def log(async_client: redis.asyncio.Redis) -> ClaimedLog:
    """A log that retains five revisions."""
    return ClaimedLog(async_client, "quantum", retained_revisions=5)


@pytest.fixture
async def historian(async_client: redis.asyncio.Redis) -> Historian:
    return Historian(async_client)


@pytest.fixture
def publisher(historian: Historian) -> ClaimedPublisher:
    return ClaimedPublisher(historian.log)


@pytest.fixture
def hub() -> FeedbackHub:
    """A server that has read revisions 4 to 6, of which 2 to 6 are retained."""
    hub = FeedbackHub("1.0.0", RING)
    load(hub, 4, 5, 6, oldest=2)
    return hub
