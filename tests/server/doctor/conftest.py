"""A Redis with sound entries upon which a service has published, and an examination of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import redis
from conftest import StartService
from patient_redis import PATIENT
from processes import eventually
from redis_inputs import add_trade
from server.doctor.broken_setups import STATE, fill

from strategic_memory_server.configuration.environment import read_environment
from strategic_memory_server.doctor import redis_seen
from strategic_memory_server.doctor.examination import Examination, examine
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

VALID = {"STRATEGIC_MEMORY_VALIDITY": "600", "STRATEGIC_MEMORY_LEASE": "1", **PATIENT}

Examine = Callable[..., Examination]


@pytest.fixture(scope="session")
def dumps() -> dict[bytes, bytes]:
    """What `sound` made for the first test, by key."""
    return {}


@pytest.fixture
def sound(redis_client: redis.Redis, start_service: StartService, dumps: dict[bytes, bytes]) -> redis.Redis:
    """Fill it, and let a service publish more than once; the service has ended by then, and its advice holds.

    That is done once; later tests find the same in their Redis.
    """
    if not dumps:
        fill(redis_client)
        _publish_twice(redis_client, start_service)
        dumps |= {key: dump for key in redis_client.scan_iter() if (dump := redis_client.dump(key))}
    else:
        for key, dump in dumps.items():
            redis_client.restore(key, 0, dump)
    return redis_client


def _publish_twice(client: redis.Redis, start_service: StartService) -> None:
    service = start_service(env=VALID)
    eventually(lambda: client.hget(STATE, "valid_until_ms"), what="a first revision")
    add_trade(client, "RANGE", -0.4)
    eventually(lambda: int(client.hget(STATE, "revision") or 0) >= 2, what="a second revision")
    service.terminate()
    service.wait()


@pytest.fixture
def examined(redis_server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Examine under the settings of that service and some more, with a short look at who takes the lease."""
    monkeypatch.setattr(redis_seen, "LONGEST_WATCH_S", 0.2)

    def examine_with(*, redis_url: str = redis_server.url, asks_service: bool = False, **env: str) -> Examination:
        for name, value in {**VALID, "REDIS_URL": redis_url, **env}.items():
            monkeypatch.setenv(name, value)
        return asyncio.run(examine(read_environment({}, listens=False).service_settings(), asks_service=asks_service))

    return examine_with
