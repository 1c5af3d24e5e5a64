"""A set in Redis that names portfolios: what is known of it before it was read, and what is told once it is again."""

from __future__ import annotations

import asyncio

import pytest
import redis
import redis.asyncio
from processes import aeventually

from strategic_memory_server.configuration.environment import read_environment
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.portfolios import listed_portfolios
from strategic_memory_server.portfolios.listed_portfolios import UNUSABLE, Listed, ListedPortfolios

NAMES = "quantum:portfolios"


async def test_a_set_that_cannot_be_read_names_nobody_and_one_that_can_again_is_no_problem(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed_portfolios, "LOOKS_EVERY_S", 0.01)
    settings = read_environment({"portfolio_set": NAMES}).service_settings().portfolios
    assert settings is not None
    problems, taken = Problems(), list[list[str]]()

    async def take(listed: Listed) -> None:
        taken.append(sorted(listed))

    redis_client.set(NAMES, "no set")
    following = asyncio.create_task(ListedPortfolios(settings, "quantum", async_client, problems).run(take))
    try:
        await aeventually(lambda: UNUSABLE in problems.standing)
        assert not taken, "which there are is not known"
        for stands in ("it was read", "it is back"):
            redis_client.delete(NAMES)
            redis_client.sadd(NAMES, "alpha")
            await aeventually(lambda: taken == [["alpha"]] and not problems.standing, what=stands)
            redis_client.delete(NAMES)
            await aeventually(lambda: "is gone" in problems.standing.get(UNUSABLE, ""), what=stands)
    finally:
        following.cancel()
