"""Trades whose ids begin anew, beyond the window: the evidence learns nothing of them, and that is told."""

from __future__ import annotations

import redis
from redis_inputs import add_trade
from server.long_memory.memory_keeper import Keeper

from strategic_memory_server.long_memory.repeated_trades import NEWEST, PROBLEM


async def counted(keeper: Keeper, client: redis.Redis, first: int, last: int) -> int:
    """Write a trade after the other, numbered from one to another; how many count in the end."""
    observations = 0
    for number in range(first, last + 1):
        add_trade(client, "BULL", 0.1 * number, policy="BALANCED", trade_id=str(number))
        observations = (await keeper.sync()).kept.sums.observations
    return observations


async def test_a_producer_that_has_begun_to_count_again_with_1_is_told(
    keeper: Keeper, redis_client: redis.Redis
) -> None:
    """After a new database, say. None of its ids is one of the window, where others are told."""
    assert await counted(keeper, redis_client, 1, 80) == 80
    assert PROBLEM not in keeper.problems.standing
    assert await counted(keeper, redis_client, 1, NEWEST) == 80
    assert PROBLEM in keeper.problems.standing
    assert await counted(keeper, redis_client, 81, 80 + NEWEST) == 80 + NEWEST
    assert PROBLEM not in keeper.problems.standing, "it is over once others count"


async def test_a_few_that_are_sent_again_are_no_problem(keeper: Keeper, redis_client: redis.Redis) -> None:
    for first in range(1, 40, 10):
        await counted(keeper, redis_client, first, first + 9)
        await counted(keeper, redis_client, first, first + 3)
        assert PROBLEM not in keeper.problems.standing


async def test_who_does_not_write_any_more_does_not_tell(keeper: Keeper, redis_client: redis.Redis) -> None:
    await counted(keeper, redis_client, 1, 40)
    await counted(keeper, redis_client, 1, 40)
    assert PROBLEM in keeper.problems.standing
    keeper.memory.stand_by()
    assert PROBLEM not in keeper.problems.standing
