"""Ids of streams, whatever they count: they order entries, and are times only up to the clock of Redis."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import redis
import redis.asyncio
from plain_figures import plain
from redis_inputs import add_entry, add_regime, add_trade, portfolio_stream, regime_stream, trade_stream

from strategic_memory_server.advice.hysteresis import Moment, Wait
from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.columns.stream_position import LAST_ID
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.input_problems import InputProblems
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.long_memory.trade_reader import TradeReader
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.memory.time_span import ALL_TIME, TimeSpan
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.what_if.regime_details import regime_details

BEGAN_S = 1_704_447_000
WRITTEN: dict[str, Callable[[int, int], str]] = {
    "milliseconds": lambda second, tenth: f"{second * 1000 + tenth * 100}-0",
    "microseconds": lambda second, tenth: f"{second * 10**6 + tenth * 10**5}-0",
    "nanoseconds": lambda second, tenth: f"{second * 10**9 + tenth * 10**8}-0",
    "seconds_and_nanoseconds": lambda second, tenth: f"{second}-{tenth * 10**8}",
    "one_millisecond": lambda second, tenth: f"1700000000000-{(second - BEGAN_S) * 10_000 + tenth * 1_000 + 32_000}",
    "sequence_numbers": lambda second, tenth: f"7-{(second - BEGAN_S) * 10 + tenth + 2**63}",
    "the_largest": lambda second, tenth: f"{2**64 - 1}-{2**64 - 1_000 + (second - BEGAN_S) * 10 + tenth}",
}
SIX = WindowSettings(regime=4, portfolio=4, trades=30)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def write_story(client: redis.Redis, written: Callable[[int, int], str], second: int) -> None:
    """In a second a trade and a portfolio entry in RANGE, then one of each in BULL, none of which names it."""
    for first_tenth, regime, pnl, policy in ((1, "RANGE", 0.5, "BALANCED"), (5, "BULL", -0.4, "AGGRESSIVE")):
        add_regime(client, regime, 0.05, entry_id=written(second, first_tenth))
        add_entry(client, trade_stream(), entry_id=written(second, first_tenth + 1), realized_pnl=pnl, policy=policy)
        add_entry(client, portfolio_stream(), entry_id=written(second, first_tenth + 2), pnl=pnl)


def figures(memory: StrategicMemory) -> list[dict[str, object]]:
    """All figures but those of time."""
    analysis, details = PatternAnalyzer().analyze(memory), regime_details(memory)
    return [{**vars_of(plain(each, details)), "dwell_seconds": None} for each in analysis.regimes]


def vars_of(figure: object) -> dict[str, object]:
    assert isinstance(figure, dict)
    return figure


@pytest.mark.parametrize("windows", [WindowSettings(), SIX], ids=["ordinary", "regimes beyond the window"])
async def test_the_same_story_says_the_same_whatever_the_ids_count(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis, windows: WindowSettings
) -> None:
    told = {}
    for name, written in WRITTEN.items():
        redis_client.flushall()
        kept = MemoryLoader(async_client, "quantum", windows)
        for second in range(BEGAN_S, BEGAN_S + 6):
            write_story(redis_client, written, second)
            await kept.load()
        memory = (await kept.load()).memory
        fresh = (await MemoryLoader(async_client, "quantum", windows).load()).memory
        whole = (await kept.load_span(windows, ALL_TIME)).memory
        page = await TradeReader(async_client, "quantum").read_after("0-0")
        remembered = [page.trades.regime_names[code] for code in page.trades.regimes.tolist()]
        assert remembered == ["RANGE", "BULL"] * 6, name
        assert figures(memory) == figures(fresh), name
        told[name] = figures(whole)
        if windows == WindowSettings():
            assert figures(fresh) == told[name], name
    first = told["milliseconds"]
    assert [(each["regime"], each["sample_count"]) for each in first[:2]] == (
        [("RANGE", 18), ("BULL", 18)] if windows == WindowSettings() else [("RANGE", 10), ("BULL", 10)]
    )
    assert all(each == first for each in told.values())


@pytest.mark.parametrize("unit", ["milliseconds", "microseconds", "nanoseconds"])
async def test_what_came_last_is_known_whatever_the_ids_count(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis, unit: str
) -> None:
    loader = MemoryLoader(async_client, "quantum", WindowSettings(), max_regimes=2)

    async def traded(regimes: str, first_second: int) -> StrategicMemory:
        for second, regime in enumerate(regimes, first_second):
            add_trade(redis_client, regime, entry_id=WRITTEN[unit](second, 0))
        return (await loader.load()).memory

    memory = await traded("FEDCBA", BEGAN_S)
    assert memory.regime_names == ("A", "B", "OTHER")
    waits = Wait.begun(Moment(0, memory.trades.time_ms))
    memory = await traded("FEF", BEGAN_S + 6)
    assert memory.regime_names == ("F", "E", "OTHER")
    assert Moment(0, memory.trades.time_ms).results_after(waits.result) == 3, "more risk is not held back for ever"


async def test_an_age_is_measured_from_what_is_not_in_the_future(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    loader = MemoryLoader(async_client, "quantum", WindowSettings())

    async def load() -> tuple[StrategicMemory, int | None]:
        memory = (await loader.load()).memory
        return memory, PatternAnalyzer().analyze(memory).data_as_of_ms

    def noted(memory: StrategicMemory) -> dict[str, tuple[int, str]]:
        return {
            report.source: (report.noted["id_in_future"], report.examples["id_in_future"])
            for report in memory.sources
            if "id_in_future" in report.noted
        }

    good_ms = now_ms() - 5_000
    add_regime(redis_client, entry_id=f"{good_ms}-7")
    memory, data_as_of_ms = await load()
    assert (data_as_of_ms, noted(memory), memory.timed) == (good_ms, {}, True)

    add_trade(redis_client, entry_id=f"{now_ms() + 30_000}-0")
    memory, data_as_of_ms = await load()
    assert data_as_of_ms is not None
    assert good_ms < data_as_of_ms <= now_ms(), "a clock may be ahead by less than a minute, the age is never negative"
    assert (noted(memory), memory.timed) == ({}, True)

    redis_client.delete(trade_stream())
    add_trade(redis_client, entry_id=f"{now_ms() + 90_000}-0")
    beyond = add_trade(redis_client, entry_id="1790000010000000-5")
    memory, data_as_of_ms = await load()
    assert data_as_of_ms == good_ms
    assert noted(memory) == {"stream:trade.results": (2, beyond)}
    assert not memory.timed, "what lasted how long is not known"
    assert all(runs.mean_seconds is None for runs in regime_details(memory).runs.values())

    spanned = (await loader.load_span(WindowSettings(), TimeSpan(last_ms=now_ms()))).memory
    assert (spanned.trades.pnl.size, spanned.timed, noted(spanned)) == (0, True, {})
    spanned = (await loader.load_span(WindowSettings(), TimeSpan(first_ms=now_ms() - 60_000))).memory
    assert PatternAnalyzer().analyze(spanned).data_as_of_ms == good_ms
    assert noted(spanned) == noted(memory)

    redis_client.delete(regime_stream())
    memory, data_as_of_ms = await load()
    assert data_as_of_ms is None, "nothing has a time"


@pytest.mark.parametrize("unit", ["seconds_and_nanoseconds", "sequence_numbers"])
async def test_ids_before_every_market_tell_no_time(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis, unit: str
) -> None:
    loader, problems = MemoryLoader(async_client, "quantum", WindowSettings()), Problems()
    for second in range(BEGAN_S, BEGAN_S + 3):
        write_story(redis_client, WRITTEN[unit], second)
    memory = (await loader.load()).memory
    assert (PatternAnalyzer().analyze(memory).data_as_of_ms, memory.timed) == (None, False)
    assert all(runs.mean_seconds is None for runs in regime_details(memory).runs.values())
    InputProblems(problems, 3).look(memory)
    [told] = problems.standing.items()
    oldest = WRITTEN[unit](BEGAN_S, 1)
    assert told[0] == "ids_no_times"
    assert told[1].startswith(
        f"6 entries of stream:meta.regime have ids that lie before 1990 as milliseconds, such as {oldest}: they"
    )
    redis_client.xtrim(portfolio_stream(), maxlen=0, approximate=False)
    redis_client.xtrim(trade_stream(), maxlen=0, approximate=False)
    good_ms = now_ms()
    add_regime(redis_client, entry_id=f"{good_ms}-0")
    memory = (await loader.load()).memory
    assert (PatternAnalyzer().analyze(memory).data_as_of_ms, memory.timed) == (good_ms, False)


async def test_a_user_who_may_not_ask_for_the_time_goes_by_the_clock_of_this_machine(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    add_trade(redis_client, entry_id="1790000010000000-5")
    redis_client.acl_setuser("default", enabled=True, keys=["*"], commands=["-time"])
    try:
        memory = (await MemoryLoader(async_client, "quantum", WindowSettings()).load()).memory
    finally:
        redis_client.acl_setuser("default", enabled=True, keys=["*"], commands=["+time"])
    assert memory.clock_ms == pytest.approx(now_ms(), abs=60_000)
    assert not memory.timed


async def test_what_comes_after_the_last_id_there_can_be_is_not_asked_for(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """Redis refuses to look for it; the stream takes no more, until it is made anew."""
    kept, reader = MemoryLoader(async_client, "quantum", WindowSettings()), TradeReader(async_client, "quantum")
    add_trade(redis_client, "BULL", 0.1, entry_id="7-1")
    await kept.load()
    for number in range(2**10):
        add_trade(redis_client, "BULL", 0.1, entry_id=f"{2**64 - 1}-{2**64 - 2**10 + number}")
        if number in (0, 2**9, 2**10 - 1):
            assert (await kept.load()).read_up_to["stream:trade.results"] == f"{2**64 - 1}-{2**64 - 2**10 + number}"
    page = await reader.read_after(LAST_ID.decode())
    assert (page.is_last, page.read_up_to, len(page.trades.pnl)) == (True, LAST_ID.decode(), 0)
    redis_client.delete(trade_stream())
    assert (await reader.read_after(LAST_ID.decode())).is_last
    add_trade(redis_client, "BEAR", 0.1, entry_id="7-1")
    assert (await kept.load()).read_up_to["stream:trade.results"] == "7-1"
