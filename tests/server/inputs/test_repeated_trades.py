"""Trades whose ids come again in a window."""

from __future__ import annotations

import pytest
import redis
import redis.asyncio
from memory_rows import report_of, rows_of
from redis_inputs import (
    add_trade,
    trade_stream,
)

from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.entries import input_keys
from strategic_memory_server.entries.trade_ids import trade_id_of
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.input_problems import InputProblems
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.long_memory.known_ids import KnownIds
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.memory.window_settings import WindowSettings


@pytest.fixture
async def loader(async_client: redis.asyncio.Redis) -> MemoryLoader:
    return MemoryLoader(async_client, "quantum", WindowSettings())


async def test_a_trade_that_is_sent_twice_counts_once(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """The first one in the window, which is no longer than it takes to hold so many different trades."""
    loader = MemoryLoader(async_client, "quantum", WindowSettings(trades=3))

    async def traded() -> tuple[list[float], int, int]:
        memory = (await loader.load()).memory
        fresh = (await MemoryLoader(async_client, "quantum", WindowSettings(trades=3)).load()).memory
        assert rows_of(memory) == rows_of(fresh)
        assert PatternAnalyzer().analyze(memory) == PatternAnalyzer().analyze(fresh)
        report = report_of(memory, input_keys.TRADE_RESULTS)
        assert report == report_of(fresh, input_keys.TRADE_RESULTS)
        return memory.trades.pnl.tolist(), report.accepted, report.noted.get("trade_id_repeated", 0)

    def sent(pnl: float, trade_id: str) -> str:
        return add_trade(redis_client, realized_pnl=pnl, trade_id=trade_id)

    sent(1.0, "A")
    sent(9.0, " A ")
    assert await traded() == ([1.0], 1, 1)
    sent(2.0, "B")
    add_trade(redis_client, realized_pnl=3.0)
    assert await traded() == ([9.0, 2.0, 3.0], 3, 0), "the window is full with three different trades"
    sent(8.5, "B")
    assert await traded() == ([9.0, 2.0, 3.0], 3, 1)
    sent(4.0, "C")
    assert await traded() == ([3.0, 8.5, 4.0], 3, 0)
    sent(8.0, "C")
    sent(5.0, "B")
    assert await traded() == ([3.0, 8.5, 4.0], 3, 2)
    first = sent(6.0, "D")
    sent(7.0, "D")
    redis_client.xdel(trade_stream(), first)
    assert await traded() == ([8.0, 5.0, 7.0], 3, 0)
    redis_client.xtrim(trade_stream(), maxlen=1, approximate=False)
    assert await traded() == ([7.0], 1, 0)


@pytest.mark.parametrize("trade_id", [b"x" * 65, b"\xff\xfe", b"a\x00b", "\u200b".encode()])
async def test_an_id_that_is_no_name_tells_trades_apart_all_the_same(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis, trade_id: bytes
) -> None:
    for _ in range(50):
        add_trade(redis_client, realized_pnl=0.5, trade_id=trade_id)
    add_trade(redis_client, realized_pnl=0.25, trade_id=trade_id + b"y")
    memory = (await MemoryLoader(async_client, "quantum", WindowSettings()).load()).memory
    assert memory.trades.pnl.tolist() == [0.5, 0.25]
    report = report_of(memory, input_keys.TRADE_RESULTS)
    assert report.noted == {"trade_id_repeated": 49, "trade_id_hashed": 51}
    assert all(example.isascii() and example.isprintable() for example in report.examples.values())
    problems = Problems()
    InputProblems(problems, 3).look(memory)
    assert problems.standing["trade_ids_hashed"].startswith("51 entries of stream:trade.results have a trade_id")
    page = await TradeReader(async_client, "quantum").read_after("0-0")
    assert KnownIds(10).deduplicate(page.trades.trade_ids).numbered == 2


@pytest.mark.parametrize(
    "written", ["None", "nan", "<NA>", " null ", "undefined", "np.float64(nan)", "NA", "N/A", "#N/A", "(null)"]
)
async def test_what_is_written_for_no_id_is_none(
    written: str, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """Trades that have nothing but that in common are not one trade; read one by one, and many at once."""
    for number in range(40):
        add_trade(redis_client, realized_pnl=0.1 * number, trade_id=written)
    memory = (await MemoryLoader(async_client, "quantum", WindowSettings()).load()).memory
    assert report_of(memory, input_keys.TRADE_RESULTS).noted == {}
    assert memory.trades.pnl.size == 30
    page = await TradeReader(async_client, "quantum").read_after("0-0")
    assert list(page.trades.trade_ids) == [""] * 40
    assert trade_id_of({b"trade_id": written.encode()}) == ""


async def test_one_id_for_many_trades_is_told(redis_client: redis.Redis, async_client: redis.asyncio.Redis) -> None:
    loader, problems = MemoryLoader(async_client, "quantum", WindowSettings()), Problems()
    look = InputProblems(problems, 3).look
    for number in range(4):
        add_trade(redis_client, realized_pnl=0.1 * (number // 2), trade_id=f"T{number // 2}")
    look((await loader.load()).memory)
    assert problems.standing == {}, "a client may store an entry twice"
    for number in range(8):
        add_trade(redis_client, realized_pnl=0.1 * number, trade_id="BTCUSDT")
    look((await loader.load()).memory)
    assert problems.standing["trade_ids_repeat"].startswith(
        "9 entries of stream:trade.results, more than count, have the trade_id of an earlier one, such as 'BTCUSDT'"
    )


async def test_an_id_that_two_trades_have_is_told(redis_client: redis.Redis, async_client: redis.asyncio.Redis) -> None:
    """An id of each symbol, or of each position that is closed in parts."""
    loader, problems = MemoryLoader(async_client, "quantum", WindowSettings(trades=4)), Problems()

    async def told() -> dict[str, str]:
        InputProblems(problems, 3).look((await loader.load()).memory)
        return dict(problems.standing)

    for number in range(4):
        for pnl in (0.25, -0.5):
            add_trade(redis_client, realized_pnl=pnl * (number + 1), trade_id=f"{number}")
    [(problem, sentence)] = (await told()).items()
    assert problem == "trade_ids_reused"
    assert sentence.startswith(
        "3 entries of stream:trade.results have the trade_id of an earlier one and another pnl, such as '3': the first"
    )
    for number in range(4, 8):
        add_trade(redis_client, realized_pnl=0.25, trade_id=f"{number}")
    assert await told() == {}
