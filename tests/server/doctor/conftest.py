"""A Redis with sound entries upon which a service has published, and an examination of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import redis
from conftest import StartService
from processes import eventually
from redis_inputs import add_trade
from server.doctor.broken_setups import STATE, fill

from strategic_memory_server.configuration.environment import read_environment
from strategic_memory_server.doctor.examination import Examination, examine
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

VALID = {"STRATEGIC_MEMORY_VALIDITY": "600", "STRATEGIC_MEMORY_LEASE": "1"}

Examine = Callable[..., Examination]


@pytest.fixture
def sound(redis_client: redis.Redis, start_service: StartService) -> redis.Redis:
    """Fill it, and let a service publish more than once; the service has ended by then, and its advice holds."""
    fill(redis_client)
    service = start_service(env=VALID)
    eventually(lambda: redis_client.hget(STATE, "valid_until_ms"), what="a first revision")
    add_trade(redis_client, "RANGE", -0.4)
    eventually(lambda: int(redis_client.hget(STATE, "revision") or 0) >= 2, what="a second revision")
    service.terminate()
    service.wait()
    return redis_client


@pytest.fixture
def examined(redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Examine under the settings of that service and some more."""

    def examine_with(*, redis_url: str = redis_server.url, asks_service: bool = False, **env: str) -> Examination:
        for name, value in {**VALID, "REDIS_URL": redis_url, **env}.items():
            monkeypatch.setenv(name, value)
        return asyncio.run(examine(read_environment({}, listens=False).service_settings(), asks_service=asks_service))

    return examine_with
