"""What past advice was worth in an answer of Analyze: that of the walk over a real log and real streams."""

from __future__ import annotations

from random import Random
from typing import Any

import grpc
import pytest
import redis
import redis.asyncio
from brute_force import TradeRow
from expected_past_advice import expected_past_advice, said_ms
from finite_output import assert_finite
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from in_process_server import InProcessServer
from input_streams import START_MS as FIRST_MS
from past_log import entry_of, foreign_entry, random_log, random_trades, said, write_log, write_trades

from strategic_memory.v1 import analysis_pb2, memory_pb2, service_pb2
from strategic_memory_client import PastAdvice
from strategic_memory_client.wire.analysis_from_wire import analysis_from_wire
from strategic_memory_server.what_if.past_advice.log_reader import PAGE_ENTRIES

START_MS, END_MS = FIRST_MS + 1_000, FIRST_MS + 4_000
TRADES = 900
MOST = 1_000
ASKED = analysis_pb2.AnalysisSettings(past_revisions=MOST)


def moment(time_ms: int) -> Timestamp:
    return Timestamp(seconds=time_ms // 1000, nanos=time_ms % 1000 * 1_000_000)


async def ask(service: InProcessServer, settings: analysis_pb2.AnalysisSettings) -> PastAdvice | None:
    response = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
    assert_finite(response)
    return analysis_from_wire(response.analysis).past_advice


@pytest.mark.parametrize("seed", range(5))
async def test_it_is_that_of_the_walk(seed: int, service: InProcessServer, redis_client: redis.Redis) -> None:
    log = random_log(seed, 3 * PAGE_ENTRIES, START_MS, END_MS)
    trades = random_trades(seed, TRADES, START_MS - 100, END_MS + 100, opened=seed % 3 / 2)
    write_log(redis_client, log)
    write_trades(redis_client, trades)
    for window, most in ((TRADES, 1_000), (300, 1_000), (TRADES, 50), (30, 10_000)):
        settings = analysis_pb2.AnalysisSettings(trade_window=window, past_revisions=most)
        found = await ask(service, settings)
        assert found == expected_past_advice(log, trades[-window:], most=most)
        assert found.revisions > 0


@pytest.mark.parametrize("seed", range(4))
async def test_as_of_a_moment_it_is_that_of_a_service_that_has_seen_nothing_later(
    seed: int, async_client: redis.asyncio.Redis, service: InProcessServer, redis_client: redis.Redis
) -> None:
    log = random_log(seed, 200, START_MS, END_MS)
    trades = random_trades(seed, TRADES, START_MS, END_MS, opened=0.7)
    random = Random(seed)
    for at_ms in sorted(random.sample(range(START_MS - 1, END_MS + 100), 4)):
        redis_client.flushdb()
        # What was written by then alone, in a Redis of its own: what was said later is not in its log.
        until = [entry for entry in log if entry.feedback is not None and said_ms(entry.feedback) <= at_ms]
        write_log(redis_client, until)
        write_trades(redis_client, [trade for trade in trades if trade.time_ms <= at_ms])
        settings = analysis_pb2.AnalysisSettings(trade_window=400, past_revisions=120)
        expected = await ask(service, settings)
        redis_client.flushdb()
        write_log(redis_client, [entry for entry in log if entry.feedback is not None])
        write_trades(redis_client, trades)
        settings.as_of.CopyFrom(moment(at_ms))
        assert await ask(service, settings) == expected
        # And entries of others that came later change nothing.
        redis_client.xadd("quantum:stream:strategic_feedback", {"feedback": "later"}, id="100000-0")
        assert await ask(service, settings) == expected


async def test_an_age_leaves_out_trades_and_keeps_what_was_in_force(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    log = [entry_of(said(number, 100 * number)) for number in (1, 2, 3, 4)]
    trades = [TradeRow(time_ms, "BULL", 0.5, "BALANCED", "") for time_ms in range(110, 500, 3)]
    write_log(redis_client, log)
    write_trades(redis_client, trades)
    settings = analysis_pb2.AnalysisSettings(
        as_of=moment(450), max_age=Duration(nanos=100_000_000), trade_window=1_000, past_revisions=MOST
    )
    young = [trade for trade in trades if 350 <= trade.time_ms <= 450]
    found = await ask(service, settings)
    assert found == expected_past_advice(log, young, most=MOST, as_of_ms=450)
    assert found.revisions == 2
    assert found.calibrations[0].statements == 1


async def test_where_there_are_no_trades_or_no_revisions(service: InProcessServer, redis_client: redis.Redis) -> None:
    trades = [TradeRow(10, "BULL", 0.5, "BALANCED", "")]
    write_log(redis_client, [foreign_entry(Random(1), 3)])
    found = await ask(service, ASKED)
    assert found == expected_past_advice([], [], most=MOST)
    write_trades(redis_client, trades)
    found = await ask(service, ASKED)
    assert found is not None
    assert (found.revisions, found.left_out, found.first_said) == (0, 1, None)


async def test_it_is_left_out_where_it_was_not_asked_for_and_for_a_memory_in_the_request(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    write_log(redis_client, [entry_of(said(1, 10))])
    write_trades(redis_client, [TradeRow(20, "BULL", 0.5, "BALANCED", "")])
    pages = {}
    for most in (1, 0, None):
        redis_client.config_resetstat()
        found = await ask(service, analysis_pb2.AnalysisSettings(past_revisions=most))
        assert (found is not None) == bool(most)
        commands: Any = redis_client.info("commandstats")
        pages[most] = commands["cmdstat_xrevrange"]["calls"]
    assert pages[None] == pages[0] == pages[1] - 1, "a log that was not asked about is not read"
    columns = memory_pb2.TradeColumns(market_regime=["BULL"], realized_pnl=[0.5], time_ms=[20])
    inline = service_pb2.AnalyzeRequest(inline=memory_pb2.InlineMemory(trade_results=columns), settings=ASKED)
    assert not (await service.client.analyze(inline)).analysis.HasField("past_advice")


async def test_more_revisions_than_there_may_be_are_refused(service: InProcessServer) -> None:
    settings = analysis_pb2.AnalysisSettings(past_revisions=10_001)
    with pytest.raises(grpc.aio.AioRpcError, match=r"settings\.past_revisions.* is 10001; give 0 to 10000") as refused:
        await ask(service, settings)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_log_of_another_type_leaves_the_rest_of_the_answer(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    write_trades(redis_client, [TradeRow(20, "BULL", 0.5, "BALANCED", "")])
    redis_client.set("quantum:stream:strategic_feedback", "text")
    response = await service.client.analyze(service_pb2.AnalyzeRequest(settings=ASKED))
    assert response.analysis.sample_count == 1
    assert not response.analysis.HasField("past_advice")
