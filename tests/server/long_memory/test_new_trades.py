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
from strategic_memory_server.inputs.page_trips import PageTrips
from strategic_memory_server.inputs.reading_limits import MANY_PASSED, READ_ON, ReadingLimits
from strategic_memory_server.long_memory.long_memory import Gathered
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.redis_access import reading_pace
from strategic_memory_server.redis_access.round_trip import round_trip

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


@pytest.mark.parametrize("regime", [None, "RANGE"])
async def test_a_trade_that_comes_after_the_observations_were_read_counts_in_its_regime(
    regime: str | None,
    async_client: redis.asyncio.Redis,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page of trades was asked for, the process stood still, and an observation and a trade after it came."""
    at_ms = 1_766_296_800_000
    limits = ReadingLimits(page_entries=2)
    loader = MemoryLoader(async_client, "quantum", WindowSettings(regime=9, portfolio=9, trades=9), limits=limits)
    taken = long_memory_of(async_client, DECAY, 100)

    async def gathered() -> tuple[Gathered, bool]:
        loaded = await loader.load()
        found = await taken.gather(loaded.read_up_to["stream:trade.results"], loaded.new_trades)
        taken.written(found.note)
        return found, loaded.new_trades is not None

    add_regime(redis_client, "BULL", entry_id=f"{at_ms}-0")
    add_trade(redis_client, regime, "0.5", policy="BALANCED", entry_id=f"{at_ms + 1}-0")
    await gathered()
    for later_ms in (2, 3):
        add_trade(redis_client, regime, "0.5", policy="BALANCED", entry_id=f"{at_ms + later_ms}-0")
    read_on = PageTrips.until_read

    async def stands_still(trips: PageTrips) -> None:
        monkeypatch.setattr(PageTrips, "until_read", read_on)
        add_regime(redis_client, "BEAR", entry_id=f"{at_ms + 4}-0")
        add_trade(redis_client, regime, "-1", policy="BALANCED", entry_id=f"{at_ms + 5}-0")
        await read_on(trips)

    monkeypatch.setattr(PageTrips, "until_read", stands_still)
    found, were_handed_over = await gathered()
    read = await long_memory_of(async_client, DECAY, 100).gather()
    assert same(found.kept.sums, read.kept.sums)
    assert found.kept.sums.observations == 4
    assert were_handed_over == (regime is not None), "those with a regime of their own are not read again"


async def test_a_trade_that_comes_while_redis_runs_one_round_trip_counts_in_its_regime(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent at once may reach Redis in two segments, and an observation and a trade after it in between."""
    at_ms = 1_766_296_800_000
    loader = MemoryLoader(async_client, "quantum", WindowSettings(regime=9, portfolio=9, trades=9))
    taken = long_memory_of(async_client, DECAY, 100)
    ask = round_trip

    async def one_by_one(client: redis.asyncio.Redis, commands: list[bytes], *_patience: float) -> list[Any]:
        replies: list[Any] = []
        for command in commands:
            if b"RANGE" in command and b"trade.results" in command and not redis_client.exists("came"):
                redis_client.set("came", 1)
                add_regime(redis_client, "BEAR", entry_id=f"{at_ms + 4}-0")
                add_trade(redis_client, None, "-1", policy="BALANCED", entry_id=f"{at_ms + 5}-0")
            replies += await ask(client, [command])
        return replies

    add_regime(redis_client, "BULL", entry_id=f"{at_ms}-0")
    add_trade(redis_client, None, "0.5", policy="BALANCED", entry_id=f"{at_ms + 1}-0")
    loaded = await loader.load()
    taken.written((await taken.gather(loaded.read_up_to["stream:trade.results"], loaded.new_trades)).note)
    monkeypatch.setattr(reading_pace, "round_trip", one_by_one)
    loaded = await loader.load()
    assert loaded.new_trades is not None
    found = await taken.gather(loaded.read_up_to["stream:trade.results"], loaded.new_trades)
    read = await long_memory_of(async_client, DECAY, 100).gather()
    assert same(found.kept.sums, read.kept.sums)
    assert found.kept.sums.observations == 2


async def test_a_trade_counts_in_its_regime_while_a_flood_of_observations_is_read_some_at_a_time(
    async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    at_ms = 1_766_296_800_000
    loader = MemoryLoader(async_client, "quantum", WindowSettings(regime=3, portfolio=3, trades=5))
    taken = long_memory_of(async_client, DECAY, 100)

    def flood(after_ms: int, entries: int) -> None:
        pipeline = redis_client.pipeline(transaction=False)
        for number in range(entries):
            entry_id = f"{at_ms + after_ms}-{number}"
            pipeline.xadd("quantum:stream:meta.regime", {"regime": "BULL", "pnl": "nan"}, entry_id)
        pipeline.execute()

    def trade(after_ms: int) -> None:
        add_trade(redis_client, None, "0.5", policy="BALANCED", entry_id=f"{at_ms + after_ms}-0")

    add_regime(redis_client, "BULL", entry_id=f"{at_ms}-0")
    trade(1)
    flood(2, MANY_PASSED + 1)
    was_behind = False
    for after_ms in (10, 20):
        loaded = await loader.load()
        taken.written((await taken.gather(loaded.read_up_to["stream:trade.results"], loaded.new_trades)).note)
        was_behind = was_behind or loaded.is_behind
        flood(after_ms, READ_ON + 1)
        add_regime(redis_client, "BEAR", entry_id=f"{at_ms + after_ms + 1}-0")
        trade(after_ms + 2)
    loaded = await loader.load()
    found = await taken.gather(loaded.read_up_to["stream:trade.results"], loaded.new_trades)
    read = await long_memory_of(async_client, DECAY, 100).gather()
    assert was_behind
    assert same(found.kept.sums, read.kept.sums)
