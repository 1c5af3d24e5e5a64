"""New trades as their window has read them make the same long memory as reading the stream does."""

from __future__ import annotations

import random
from typing import Any

import pytest
import redis
import redis.asyncio
from claimed import long_memory_of
from redis_inputs import add_regime, add_trade
from server.long_memory.memory_keeper import DECAY, TRADES, same

from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.memory.window_settings import WindowSettings

REGIMES = ("BULL", "BEAR", "RANGE")
POLICIES = ("AGGRESSIVE", "CONSERVATIVE", None, "none of ours")


def write_some(client: redis.Redis, random_numbers: random.Random, at_ms: int) -> None:
    """Write observations and trades: with and without a regime, an opening, a policy and an id; some malformed."""
    for step in range(random_numbers.randrange(1, 9)):
        now_ms = at_ms + 10 * step
        if random_numbers.random() < 0.4:
            add_regime(client, random_numbers.choice(REGIMES), entry_id=f"{now_ms}-0")
            continue
        more: dict[str, Any] = {}
        if random_numbers.random() < 0.5:
            more["opened_at"] = now_ms / 1000 - random_numbers.randrange(900)
        if random_numbers.random() < 0.5:
            more["trade_id"] = f"trade-{random_numbers.randrange(20)}"
        regime, pnl = (
            random_numbers.choice([*REGIMES, None, None, None]),
            random_numbers.choice(["0.5", "-1.25", "nan"]),
        )
        add_trade(client, regime, pnl, policy=random_numbers.choice(POLICIES), entry_id=f"{now_ms}-1", **more)


@pytest.mark.parametrize("seed", range(4))
async def test_what_a_window_has_read_counts_as_what_the_stream_holds(
    seed: int, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    """Observations from before the regime window count too: it is short."""
    random_numbers, at_ms = random.Random(seed), 1_766_296_800_000
    loader = MemoryLoader(async_client, "quantum", WindowSettings(regime=3, portfolio=3, trades=5))
    taken = long_memory_of(async_client, DECAY, 100)
    handed_over = 0
    for _ in range(40):
        write_some(redis_client, random_numbers, at_ms := at_ms + 1_000)
        loaded = await loader.load()
        handed_over += loaded.new_trades is not None
        gathered = await taken.gather(loaded.read_up_to["stream:trade.results"], loaded.new_trades)
        taken.written(gathered.note)
        read = await long_memory_of(async_client, DECAY, 100).gather()
        assert same(gathered.kept.sums, read.kept.sums)
        assert gathered.kept.duplicates == read.kept.duplicates
    assert handed_over > 5
    assert redis_client.xlen(TRADES) > 20
