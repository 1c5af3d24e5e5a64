"""LeanPool on a real Redis: connections are lent again, made anew where they are no good, and end with the client."""

from __future__ import annotations

import asyncio
import contextlib

import redis
from patient_redis import patient
from processes import aeventually

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.redis_access.lean_pool import server_of
from strategic_memory_server.redis_access.redis_connection import connect


async def test_a_connection_is_lent_again(redis_server: EmbeddedRedis) -> None:
    async with connect(patient(redis_server.url)) as client:
        first = await client.client_id()
        assert [await client.client_id() for _ in range(3)] == [first] * 3
        both = {*await asyncio.gather(client.client_id(), client.client_id())}
        assert first in both
        assert len(both) == 2
        assert {*await asyncio.gather(client.client_id(), client.client_id())} == both


async def test_one_that_was_cut_off_is_made_anew(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> None:
    async with connect(patient(redis_server.url)) as client:
        first = await client.client_id()
        redis_client.client_kill_filter(_id=str(first))

        async def answers() -> bool:
            with contextlib.suppress(redis.ConnectionError):
                return bool(await client.client_id() != first)
            return False

        await aeventually(answers)


async def test_those_that_are_lent_and_those_that_are_not_end_with_the_client(
    redis_server: EmbeddedRedis, redis_client: redis.Redis
) -> None:
    async with connect(patient(redis_server.url)) as client:
        await asyncio.gather(client.ping(), client.ping())
        assert redis_client.info("clients")["connected_clients"] > 1
    await aeventually(lambda: redis_client.info("clients")["connected_clients"] == 1)


async def test_clients_of_one_server_are_told_by_where_their_connections_lead_to(redis_server: EmbeddedRedis) -> None:
    settings = patient(redis_server.url)
    async with connect(settings) as one, connect(settings) as other:
        assert (server_of(one), server_of(other)) == (one, other), "nothing is known yet"
        await asyncio.gather(one.ping(), other.ping())
        assert server_of(one) == server_of(other) == ("127.0.0.1", redis_server.port)
