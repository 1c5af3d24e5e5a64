"""MemoryLoader on a real Redis: windows, the as-of join and what is rejected, against a search through everything."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping

import pytest
import redis
import redis.asyncio
from brute_force import PortfolioRow
from input_streams import MALFORMED, random_streams
from looking import caps_have_changed
from memory_rows import report_of, rows_of
from patient_redis import patient
from redis_inputs import (
    add_entry,
    add_portfolio,
    add_regime,
    add_trade,
    portfolio_stream,
    regime_stream,
    trade_stream,
)

from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries import input_keys
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.memory.leverage_cap import by_source
from strategic_memory_server.memory.policy import Policy
from strategic_memory_server.memory.strategic_memory import Context, SourceReport
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings

SMALL = WindowSettings(regime=4, portfolio=8, trades=6)


@pytest.fixture
async def loader(async_client: redis.asyncio.Redis) -> MemoryLoader:
    return MemoryLoader(async_client, "quantum", WindowSettings())


@pytest.mark.parametrize("seed", range(40))
async def test_windows_and_join_against_a_search_through_everything(
    seed: int, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """Pages of 1 to 5 entries make the scan go on, stop and look further at every place."""
    limits = ReadingLimits(page_entries=seed % 5 + 1)
    streams = random_streams(seed)
    streams.write(redis_client, "quantum")
    loaded = await MemoryLoader(async_client, "quantum", SMALL, limits=limits).load()
    assert rows_of(loaded.memory) == streams.rows(SMALL.regime, SMALL.portfolio, SMALL.trades)


@pytest.mark.parametrize("seed", range(10))
async def test_malformed_entries_change_no_number(
    seed: int, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    streams = random_streams(seed, bad_share=0.5)
    streams.write(redis_client, "with")
    streams.write(redis_client, "without", malformed=False)
    both = [(await MemoryLoader(async_client, prefix, SMALL).load()).memory for prefix in ("with", "without")]
    analyses = [PatternAnalyzer().analyze(memory) for memory in both]
    assert analyses[0] == analyses[1]
    assert analyses[0].sample_count > 0
    assert sum(len(report.rejected) for report in both[0].sources) > 0


async def test_a_window_of_many_pages_with_malformed_entries_in_between(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    pipeline = redis_client.pipeline(transaction=False)
    for number in range(1, 5_001):
        fields = MALFORMED[number % 6] if number % 10 == 0 else {b"pnl": str(number).encode(), b"regime": b"BULL"}
        pipeline.xadd(portfolio_stream(), dict(fields.items()), id=f"{number}-0")
    pipeline.execute()
    memory = (await MemoryLoader(async_client, "quantum", WindowSettings(portfolio=4_200)).load()).memory
    usable = [float(number) for number in range(1, 5_001) if number % 10]
    assert memory.portfolio.pnl.tolist() == usable[-4_200:]


async def test_an_entry_older_than_the_regime_window_finds_its_observation(
    redis_client: redis.Redis, loader: MemoryLoader
) -> None:
    add_regime(redis_client, "BEAR", entry_id="5-0")
    add_portfolio(redis_client, regime=None, entry_id="7-0")
    for number in range(10, 80):
        add_regime(redis_client, "BULL", entry_id=f"{number}-0")
    memory = (await loader.load()).memory
    assert rows_of(memory).portfolio == [PortfolioRow(7, "BEAR", 0.1)]
    assert memory.regimes.pnl.size == 50
    report = report_of(memory, input_keys.PORTFOLIO_MEMORY)
    assert (report.accepted, report.noted) == (1, {"regime_inferred": 1, "id_is_no_time": 1})


async def test_an_entry_before_the_first_observation_is_unknown(
    redis_client: redis.Redis, loader: MemoryLoader
) -> None:
    add_trade(redis_client, None, entry_id="4-9")
    add_regime(redis_client, "BULL", entry_id="5-0")
    add_trade(redis_client, None, entry_id="5-0")
    memory = (await loader.load()).memory
    assert [row.regime for row in rows_of(memory).trades] == ["UNKNOWN", "BULL"]
    noted = report_of(memory, input_keys.TRADE_RESULTS).noted
    assert noted == {"regime_not_observed": 1, "regime_inferred": 1, "id_is_no_time": 2}


async def test_values_are_read_again_at_their_pace_and_caps_each_time(
    redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    """A look at the values between two loads is a reading of them too, and a cap that has changed brings the rest."""
    loader = MemoryLoader(async_client, "quantum", WindowSettings(), values_s=3_600.0)

    async def loaded() -> tuple[Policy | None, Mapping[str, float], int]:
        memory = (await loader.load()).memory
        accepted = report_of(memory, input_keys.GOVERNANCE_POLICY).accepted
        return memory.context.governance_policy, by_source(memory.context.leverage_caps), accepted

    assert await loaded() == (None, {}, 0)
    redis_client.set("quantum:governance:policy", "BALANCED")
    assert await loaded() == (None, {}, 0)
    assert not await caps_have_changed(loader, async_client)
    assert await loaded() == (Policy.BALANCED, {}, 1)
    redis_client.set("quantum:governance:policy", "AGGRESSIVE")
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.5}')
    assert await loaded() == (Policy.AGGRESSIVE, {"risk:leverage_limits": 0.5}, 1)
    redis_client.delete("quantum:risk:leverage_limits")
    assert await loaded() == (Policy.AGGRESSIVE, {}, 1)


async def test_everything_that_is_read_arrives(redis_client: redis.Redis, loader: MemoryLoader) -> None:
    add_regime(redis_client, " bull ", 0.25, confidence=0.75, entry_id="1766296800000-0")
    add_trade(redis_client, "BULL", -0.5, policy="aggressive", strategy="carry", entry_id="1766296801000-0")
    redis_client.set("quantum:governance:policy", "BALANCED")
    redis_client.set("quantum:governance:preferred_regime", "range ")
    redis_client.set("quantum:governance:regime_stats", json.dumps({"BULL": {"count": 1}}))
    redis_client.set("quantum:exposure:summary", json.dumps({"total": 3}))
    redis_client.set("quantum:risk:leverage_limits", json.dumps({"max_leverage_hint": 1.25}))
    redis_client.set("quantum:exit:statistics", json.dumps({"stops": 2}))
    loaded = await loader.load()
    memory = loaded.memory
    assert (memory.regimes.volatility.tolist(), memory.regimes.trend.tolist()) == ([0.012], [0.001])
    assert memory.regimes.confidence.tolist() == [0.75]
    assert (memory.trades.policy.tolist(), memory.strategy_names) == ([2], ("carry",))
    context = memory.context
    assert (context.governance_policy, context.governance_preferred_regime) == (Policy.BALANCED, "RANGE")
    assert (context.regime_stats, context.exposure_summary) == ({"BULL": {"count": 1}}, {"total": 3})
    assert (context.leverage_limits, context.exit_statistics) == ({"max_leverage_hint": 1.25}, {"stops": 2})
    assert by_source(context.leverage_caps) == {"risk:leverage_limits": 1.25}
    assert [report.accepted for report in memory.sources] == [1, 1, 1, 1, 1, 1, 1, 0, 1]
    assert [report.source for report in memory.sources] == [*input_keys.VALUE_SOURCES, *input_keys.STREAM_SOURCES]
    assert loaded.rejected == ()
    assert PatternAnalyzer().analyze(memory).data_as_of_ms == 1_766_296_801_000


async def test_an_empty_redis_is_an_empty_memory(loader: MemoryLoader) -> None:
    loaded = await loader.load()
    assert loaded.memory.sample_count == 0
    assert loaded.rejected == ()
    assert all(report == SourceReport(report.source) for report in loaded.memory.sources)


async def test_another_prefix_is_another_memory(redis_client: redis.Redis, async_client: redis.asyncio.Redis) -> None:
    add_regime(redis_client, prefix="{desk}:a")
    assert (await MemoryLoader(async_client, "{desk}:a", WindowSettings()).load()).memory.sample_count == 1
    assert (await MemoryLoader(async_client, "{desk}", WindowSettings()).load()).memory.sample_count == 0


async def test_each_malformed_value_is_rejected_with_its_reason(
    redis_client: redis.Redis, loader: MemoryLoader
) -> None:
    redis_client.set("quantum:governance:policy", "YOLO")
    redis_client.set("quantum:governance:preferred_regime", b"\xff")
    redis_client.set("quantum:governance:regime_stats", '{"BULL": 3}')
    redis_client.set("quantum:exposure:summary", "{" + '"a": 1,' * 20_000)
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": "much"}')
    redis_client.set("quantum:exit:statistics", "[]")
    loaded = await loader.load()
    assert {report.source: dict(report.rejected) for report in loaded.memory.sources if report.rejected} == {
        "governance:policy": {"policy_unrecognised": 1},
        "governance:preferred_regime": {"regime_not_utf8": 1},
        "governance:regime_stats": {"regime_not_an_object": 1},
        "exposure:summary": {"too_large": 1},
        "risk:leverage_limits": {"max_leverage_hint_not_a_number": 1},
        "exit:statistics": {"not_a_json_object": 1},
    }
    assert all(report.accepted == 0 for report in loaded.memory.sources)
    assert loaded.memory.context == Context()


async def test_keys_of_another_type_are_rejected_and_the_rest_is_read(
    redis_client: redis.Redis, loader: MemoryLoader
) -> None:
    add_regime(redis_client)
    for source in input_keys.VALUE_SOURCES:
        redis_client.rpush(f"quantum:{source}", 1)
    redis_client.set(portfolio_stream(), "text")
    redis_client.hset(trade_stream(), "a", "b")
    loaded = await loader.load()
    wrong = [report.source for report in loaded.memory.sources if report.rejected == {"wrong_type": 1}]
    assert wrong == [*input_keys.VALUE_SOURCES, input_keys.PORTFOLIO_MEMORY, input_keys.TRADE_RESULTS]
    assert loaded.memory.sample_count == 1


async def test_a_regime_stream_of_another_type_leaves_the_join_without_observations(
    redis_client: redis.Redis, loader: MemoryLoader
) -> None:
    redis_client.sadd(regime_stream(), 1)
    add_portfolio(redis_client, regime=None)
    memory = (await loader.load()).memory
    assert [row.regime for row in rows_of(memory).portfolio] == ["UNKNOWN"]


@pytest.fixture
async def limited_client(redis_server: EmbeddedRedis, redis_client: redis.Redis) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of a user who may not see the leverage limits and the trade results."""
    keys = ["quantum:governance:*", "quantum:exposure:*", "quantum:exit:*", regime_stream(), portfolio_stream()]
    redis_client.acl_setuser("limited", enabled=True, passwords=["+pass"], commands=["+@all"], keys=keys, reset=True)
    url = redis_server.url.replace("redis://", "redis://limited:pass@")
    async with connect(patient(url)) as client:
        yield client
    redis_client.acl_deluser("limited")


async def test_keys_without_permission_are_rejected_and_the_rest_is_read(
    redis_client: redis.Redis, limited_client: redis.asyncio.Redis
) -> None:
    add_regime(redis_client)
    add_trade(redis_client)
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 1.0}')
    redis_client.set("quantum:exposure:summary", "{}")
    loaded = await MemoryLoader(limited_client, "quantum", WindowSettings()).load()
    refused = {report.source: dict(report.rejected) for report in loaded.memory.sources if report.rejected}
    assert refused == {"risk:leverage_limits": {"no_permission": 1}, "stream:trade.results": {"no_permission": 1}}
    assert loaded.memory.sample_count == 1
    assert loaded.memory.context.exposure_summary == {}


async def test_what_was_rejected_carries_id_reason_and_excerpt(redis_client: redis.Redis, loader: MemoryLoader) -> None:
    add_entry(redis_client, regime_stream(), entry_id="7-1", regime="BULL", pnl="loss\x1b")
    (rejected,) = (await loader.load()).rejected
    assert (rejected.source, rejected.reason, rejected.entry_id) == ("stream:meta.regime", "pnl_not_a_number", "7-1")
    assert rejected.excerpt == "loss\\x1b"


async def test_a_redis_that_is_away_is_an_error_and_not_an_empty_memory() -> None:
    async with connect(RedisSettings(url="redis://127.0.0.1:1/0")) as client:
        with pytest.raises(redis.exceptions.ConnectionError):
            await MemoryLoader(client, "quantum", WindowSettings()).load()


@pytest.mark.parametrize("others", [3, 40])
async def test_an_entry_that_gives_a_field_twice_is_rejected_unless_both_are_the_same(
    others: int, redis_client: redis.Redis, loader: MemoryLoader
) -> None:
    for number in range(others):
        add_regime(redis_client, "BULL", pnl=0.1)
        add_trade(redis_client, "BULL", 0.5, trade_id=str(number))
    for *fields, stream in (
        ("market_regime", "BULL", "realized_pnl", "0.5", "realized_pnl", "-9", trade_stream()),
        ("market_regime", "BULL", "realized_pnl", "0.5", "realized_pnl", "0.5", trade_stream()),
        ("market_regime", "BULL", "realized_pnl", "0.5", "note", "a", "note", "b", trade_stream()),
        ("regime", "BULL", "pnl", "0.1", "regime", "BEAR", regime_stream()),
        ("pnl", "0.1", "opened_at", "1704412800000", "opened_at", "1704412800001", portfolio_stream()),
    ):
        redis_client.execute_command("XADD", stream, "*", *fields)  # type: ignore[no-untyped-call]
    loaded = await loader.load()
    assert {each.reason: each.excerpt for each in loaded.rejected} == {
        "realized_pnl_given_twice": r"0.5\x00, given again: -9",
        "regime_given_twice": r"BULL\x00, given again: BEAR",
        "opened_at_given_twice": r"1704412800000\x00, given again: 1704412800001",
    }
    assert set(loaded.memory.trades.pnl.tolist()) == {0.5}
