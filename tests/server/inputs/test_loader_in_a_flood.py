"""A flood of entries that are passed over: a reading is bounded, reads on where it was, and loses nothing."""

from __future__ import annotations

from random import Random

import pytest
import redis
import redis.asyncio
from input_streams import MALFORMED
from memory_rows import rows_of
from redis_inputs import add_portfolio, add_regime, add_trade, portfolio_stream, regime_stream, trade_stream

from strategic_memory_server.entries.rejections import RejectionLedger
from strategic_memory_server.inputs.loaded_memory import LoadedMemory
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.inputs.reading_limits import MANY_PASSED, READ_ON
from strategic_memory_server.memory.window_settings import WindowSettings

PAGE = 500
STREAMS = {"stream:trade.results": trade_stream, "stream:meta.regime": regime_stream}
STREAMS |= {"stream:portfolio.memory": portfolio_stream}


def write_flood(client: redis.Redis, key: str, count: int, random: Random) -> None:
    """Malformed entries."""
    pipeline = client.pipeline(transaction=False)
    for _ in range(count):
        pipeline.xadd(key, dict(random.choice(MALFORMED).items()))
    pipeline.execute()


def write_usable(client: redis.Redis, number: int) -> None:
    """One entry in every stream; two of them take their regime from the third."""
    add_regime(client, ("BULL", "BEAR")[number % 2], pnl=number)
    add_trade(client, None, number)
    add_portfolio(client, number, regime=None)


async def caught_up(loader: MemoryLoader, ledger: RejectionLedger) -> LoadedMemory:
    """Load until nothing more is to be read; none reads more than it may."""
    while True:
        loaded = await loader.load()
        ledger.record(loaded.rejected)
        assert len(loaded.rejected) <= 3 * (READ_ON + 2 * PAGE)
        if not loaded.is_behind:
            return loaded


@pytest.mark.parametrize("source", STREAMS)
async def test_a_flood_is_read_once_and_some_at_a_time(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis, source: str
) -> None:
    random, ledger, written = Random(3), RejectionLedger(), 0
    loader = MemoryLoader(async_client, "quantum", WindowSettings())
    for number in range(60):
        write_usable(redis_client, number)
    await caught_up(loader, ledger)
    for round_number, flood in enumerate((100, MANY_PASSED + PAGE, 9_000, 3, 4_000, 700)):
        write_flood(redis_client, STREAMS[source](), flood // 2, random)
        for number in range(random.choice((0, 1, 3, 60))):
            write_usable(redis_client, 1_000 * round_number + number)
        write_flood(redis_client, STREAMS[source](), flood - flood // 2, random)
        written += flood
        kept = await caught_up(loader, ledger)
        fresh = await MemoryLoader(async_client, "quantum", WindowSettings()).load()
        assert rows_of(kept.memory) == rows_of(fresh.memory)
        assert kept.memory.sources == fresh.memory.sources
    assert sum(ledger.totals.values()) <= written, "each counts once"
    assert sum(ledger.totals.values()) >= 0.9 * written, "but for those that lie before a window that was read anew"
    assert {counted for counted, _ in ledger.totals} == {source}


async def test_a_trade_that_is_sent_again_and_again_is_a_flood_too(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    loader, ledger = MemoryLoader(async_client, "quantum", WindowSettings()), RejectionLedger()
    for number in range(40):
        add_trade(redis_client, realized_pnl=number, trade_id=f"T-{number}")
    await loader.load()
    pipeline = redis_client.pipeline(transaction=False)
    for _ in range(7_000):
        pipeline.xadd(trade_stream(), {"market_regime": "BULL", "realized_pnl": 9, "trade_id": "T-39"})
    pipeline.execute()
    assert (await loader.load()).is_behind
    memory = (await caught_up(loader, ledger)).memory
    assert memory.trades.pnl.tolist() == list(range(10, 40))
    assert memory.sources[-1].noted["trade_id_repeated"] == 7_000


async def test_a_stream_that_was_recreated_in_a_flood_is_read_anew(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    loader = MemoryLoader(async_client, "quantum", WindowSettings())
    for number in range(40):
        write_usable(redis_client, number)
    await loader.load()
    write_flood(redis_client, trade_stream(), 8_000, Random(4))
    assert (await loader.load()).is_behind
    redis_client.delete(trade_stream())
    for number in range(7):
        add_trade(redis_client, realized_pnl=number)
    memory = (await loader.load()).memory
    assert memory.trades.pnl.tolist() == list(range(7))
