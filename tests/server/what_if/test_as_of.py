"""Analyze as of a moment: the answer of a service that has seen the entries up to then and no others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import grpc
import pytest
import redis
import redis.asyncio
from brute_force import PortfolioRow, RegimeRow, TradeRow
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from in_process_server import InProcessServer, in_process_server
from input_streams import START_MS
from processes import aeventually
from redis.typing import EncodableT
from redis_inputs import add_portfolio, add_regime, add_trade, trade_stream
from server.what_if.past_streams import LAST_MS, cut, random_history

from strategic_memory.v1 import analysis_pb2, feedback_pb2, service_pb2
from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.entries import input_keys
from strategic_memory_server.evidence.sums import EvidenceSums
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.long_memory.long_memory import LongMemory
from strategic_memory_server.long_memory.memory_store import MemoryStore
from strategic_memory_server.long_memory.span_sums import sums_of_span
from strategic_memory_server.long_memory.trade_reader import PAGE_ENTRIES, TradePage, TradeReader
from strategic_memory_server.memory.time_span import TimeSpan
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.rpc.wire.figures_to_wire import add_figures
from strategic_memory_server.rpc.wire.from_wire import analysis_order
from strategic_memory_server.rpc.wire.to_wire import analysis_message, feedback_message
from strategic_memory_server.what_if.what_if import analyze_memory

HORIZON = AdviceSettings().trade_id_horizon
Row = RegimeRow | PortfolioRow | TradeRow
RULES = (feedback_pb2.RULES_REFERENCE, feedback_pb2.RULES_EVIDENCE)


@pytest.fixture
async def service(async_client: redis.asyncio.Redis) -> AsyncIterator[InProcessServer]:
    async with in_process_server(async_client) as found:
        yield found


def moment(time_ms: int) -> Timestamp:
    return Timestamp(seconds=time_ms // 1000, nanos=time_ms % 1000 * 1_000_000)


def settings_of(random: Random, as_of_ms: int) -> analysis_pb2.AnalysisSettings:
    """Random windows, shorter and longer than the histories, and half-lives."""
    evidence = analysis_pb2.EvidenceSettings(half_life_trades=random.choice([None, None, 1.5, 30.0]), minimum_trades=2)
    return analysis_pb2.AnalysisSettings(
        regime_window=random.choice([1, 3, 10, 200]),
        portfolio_window=random.choice([1, 5, 200]),
        trade_window=random.choice([1, 5, 30, 200]),
        minimum_samples=1,
        rules=random.choice(RULES),
        evidence=evidence,
        as_of=moment(as_of_ms),
        # There is no log here; what past advice was worth has tests of its own.
        past_revisions=0,
    )


async def all_sums(client: redis.asyncio.Redis, prefix: str, decay: float) -> EvidenceSums:
    """What the long memory of a new service holds once it has read everything."""
    memory = LongMemory(MemoryStore(client, prefix, decay, HORIZON), TradeReader(client, prefix))
    while not (gathered := await memory.gather()).is_complete:
        memory.written(gathered.note)
    return gathered.kept.sums


async def answer_of_new_service(
    client: redis.asyncio.Redis, prefix: str, settings: analysis_pb2.AnalysisSettings, now_ms: int
) -> service_pb2.AnalyzeResponse:
    """What a service says that starts on a Redis with these entries alone; without the reports of values."""
    now_settings = analysis_pb2.AnalysisSettings()
    now_settings.CopyFrom(settings)
    now_settings.ClearField("as_of")
    order = analysis_order(now_settings, AdviceSettings())
    memory = (await MemoryLoader(client, prefix, order.advice.windows).load()).memory
    found = analyze_memory(memory, order, now_ms, await all_sums(client, prefix, order.advice.evidence.decay))
    analysis = analysis_message(found.analysis, memory)
    add_figures(analysis, found.deep)
    del analysis.sources[: len(input_keys.VALUE_SOURCES)]
    return service_pb2.AnalyzeResponse(analysis=analysis, feedback=feedback_message(found.feedback))


@pytest.mark.parametrize("seed", range(25))
async def test_it_is_the_answer_of_a_service_that_has_seen_nothing_later(
    seed: int, service: InProcessServer, async_client: redis.asyncio.Redis, redis_client: redis.Redis
) -> None:
    random, history = Random(seed), random_history(seed)
    history.write(redis_client, "quantum")
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.1}')
    for at_ms in sorted(random.sample(range(START_MS, LAST_MS + 2), 4)):
        cut(history, 0, at_ms).write(redis_client, f"until{at_ms}")
        settings = settings_of(random, at_ms)
        answer = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
        assert answer == await answer_of_new_service(async_client, f"until{at_ms}", settings, at_ms)


async def test_the_histories_reach_active_advice_with_evidence(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    """Else the comparison above would be one of empty answers."""
    random_history(6).write(redis_client, "quantum")
    settings = analysis_pb2.AnalysisSettings(as_of=moment(LAST_MS), rules=feedback_pb2.RULES_EVIDENCE)
    answer = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
    assert answer.feedback.status == feedback_pb2.FEEDBACK_STATUS_ACTIVE
    assert answer.feedback.timestamp == moment(LAST_MS)
    assert answer.feedback.evidence.observations > 5
    assert any(report.rejected for report in answer.analysis.sources)
    assert any("regime_inferred" in report.noted for report in answer.analysis.sources)
    assert any("regime_as_of_close" in report.noted for report in answer.analysis.sources)


@pytest.mark.parametrize("seed", range(6))
async def test_what_comes_later_changes_nothing(seed: int, service: InProcessServer, redis_client: redis.Redis) -> None:
    history = random_history(seed)
    cut(history, 0, START_MS + 20).write(redis_client, "quantum")
    request = service_pb2.AnalyzeRequest(settings=settings_of(Random(seed), START_MS + 20))
    before = await service.client.analyze(request)
    cut(history, START_MS + 21, LAST_MS).write(redis_client, "quantum")
    for _ in range(3):
        add_regime(redis_client, "LATER", 99.0)
        add_trade(redis_client, "LATER", 99.0, policy="AGGRESSIVE")
        add_portfolio(redis_client, 99.0)
    redis_client.set("quantum:governance:policy", "AGGRESSIVE")
    assert await service.client.analyze(request) == before


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_too_old_is_left_out_and_regimes_are_inferred_from_however_old_observations(
    seed: int, service: InProcessServer, redis_client: redis.Redis
) -> None:
    random, history = Random(seed), random_history(seed)
    history.write(redis_client, "quantum")
    at_ms, age_ms = random.randint(START_MS + 15, LAST_MS), random.randint(1, 14)
    settings = analysis_pb2.AnalysisSettings(as_of=moment(at_ms), max_age=Duration(nanos=age_ms * 1_000_000))
    answer = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
    windows = AdviceSettings().windows
    rows = history.rows(windows.regime, windows.portfolio, windows.trades, at_ms - age_ms, at_ms)
    newest = [list[Row](rows.regimes), list[Row](rows.portfolio), list[Row](rows.trades)]
    assert [report.accepted for report in answer.analysis.sources] == [len(rows) for rows in newest]
    assert {figures.regime: figures.sample_count for figures in answer.analysis.regimes} == Counter(
        row.regime for rows in newest for row in rows
    )


async def test_an_age_alone_counts_from_now_and_keeps_the_values(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    now_ms = service.clock()
    for age_ms in (10_001, 10_000, 1):
        add_regime(redis_client, "BULL", 0.5, entry_id=f"{now_ms - age_ms}-0")
        add_trade(redis_client, "BULL", 0.5, policy="BALANCED", entry_id=f"{now_ms - age_ms}-0")
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.25}')
    settings = analysis_pb2.AnalysisSettings(max_age=Duration(seconds=10), minimum_samples=1)
    answer = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
    assert answer.analysis.sample_count == 4
    assert answer.feedback.evidence.observations == 2
    assert answer.feedback.timestamp.ToMilliseconds() == now_ms
    assert answer.feedback.leverage_hint == 0.25
    assert [report.accepted for report in answer.analysis.sources][-3:] == [2, 0, 2]


async def test_long_streams_are_read_page_by_page(async_client: redis.asyncio.Redis, redis_client: redis.Redis) -> None:
    random = Random(3)
    pipeline = redis_client.pipeline(transaction=False)
    for number in range(2 * PAGE_ENTRIES + 100):
        fields: dict[str, EncodableT] = {
            "realized_pnl": random.gauss(0, 1),
            "policy": "BALANCED",
            "trade_id": random.randrange(1_500),
        }
        for prefix in ("quantum", "until") if number < PAGE_ENTRIES + 50 else ("quantum",):
            pipeline.xadd(trade_stream(prefix), dict(fields.items()), id=f"{1_000 + number}-0")
            pipeline.xadd(
                f"{prefix}:{input_keys.META_REGIME}", {"regime": f"R{number // 40}", "pnl": 1}, id=f"{1_000 + number}-0"
            )
    pipeline.execute()
    span = TimeSpan(None, 1_000 + PAGE_ENTRIES + 49)
    found = await sums_of_span(TradeReader(async_client, "quantum"), span, 0.9, HORIZON)
    assert found == await all_sums(async_client, "until", 0.9)
    assert 0 < found.observations < PAGE_ENTRIES + 50
    for length in (1, 300, PAGE_ENTRIES + 20, 10_000):
        kinds = WindowSettings(20, 20, length)
        reading = await MemoryLoader(async_client, "quantum", kinds).load_span(kinds, span)
        reader = CountingReader(async_client, "quantum")
        shared = await sums_of_span(reader, span, 0.9, HORIZON, newest=reading.trades)
        assert list(shared.regimes) == list(found.regimes)
        for name, cells in found.regimes.items():
            for cell, expected_cell in zip(shared.regimes[name], cells, strict=True):
                # The last bits depend on how many are added at once.
                assert cell == pytest.approx(expected_cell, rel=1e-12)
        held = int(reading.trades.columns["pnl"].size)
        assert held >= min(length, 2_000), "those that were sent again are held too"
        assert reader.read + held == PAGE_ENTRIES + 50, "each entry is read once"
    limits = ReadingLimits(page_entries=7)
    windows = WindowSettings(20, 20, 300)
    loader = MemoryLoader(async_client, "quantum", windows, limits=limits)
    memory = (await loader.load_span(windows, span)).memory
    expected = (await MemoryLoader(async_client, "until", windows).load()).memory
    assert memory.trades.time_ms.tolist() == expected.trades.time_ms.tolist()
    assert memory.regimes.time_ms.tolist() == expected.regimes.time_ms.tolist()
    assert [memory.regime_names[code] for code in memory.trades.regime] == [
        expected.regime_names[code] for code in expected.trades.regime
    ]


class CountingReader(TradeReader):
    """Counts the trades that it reads."""

    read = 0

    async def read_after(self, entry_id: str, last_id: str = "+") -> TradePage:
        page = await super().read_after(entry_id, last_id)
        self.read += len(page.trades.policies)
        return page


async def test_moments_without_entries_give_empty_answers(service: InProcessServer, redis_client: redis.Redis) -> None:
    add_regime(redis_client, "BULL", 0.5, entry_id="5-0")
    for as_of in (moment(4), Timestamp(seconds=-62_135_596_800), Timestamp(seconds=0)):
        settings = analysis_pb2.AnalysisSettings(as_of=as_of, max_age=Duration(seconds=1))
        answer = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
        assert answer.analysis.sample_count == 0
        assert answer.feedback.status == feedback_pb2.FEEDBACK_STATUS_WARMING_UP
    latest = analysis_pb2.AnalysisSettings(as_of=Timestamp(seconds=253_402_300_799, nanos=999_999_999))
    assert (await service.client.analyze(service_pb2.AnalyzeRequest(settings=latest))).analysis.sample_count == 1


@pytest.mark.parametrize(
    ("first", "step"), [(1, 1), (1_700_000_000, 60), (1_766_296_800_000_000, 60_000_000), (2**63, 1)]
)
async def test_where_ids_are_no_times_nothing_is_said_of_another_moment(
    service: InProcessServer, redis_client: redis.Redis, first: int, step: int
) -> None:
    """Sequences, seconds, microseconds: all that came later would be in it, or nothing at all."""
    for number in range(6):
        add_regime(redis_client, "BULL", 0.5, entry_id=f"{START_MS + number * 60_000}-0")
        add_trade(redis_client, "BULL", 0.5, policy="BALANCED", entry_id=f"{first + number * step}-0")
    of_now = await service.client.analyze(service_pb2.AnalyzeRequest())
    assert of_now.analysis.sample_count == 12
    asked = {
        "settings.as_of": analysis_pb2.AnalysisSettings(as_of=moment(START_MS + 120_000)),
        "settings.max_age": analysis_pb2.AnalysisSettings(max_age=Duration(seconds=3600)),
    }
    for field, settings in asked.items():
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert (refused.value.details() or "").startswith(
            f"{field}: needs times, and the ids of stream:trade.results (such as {first + 5 * step}-0) are none: let "
        )
    redis_client.delete(trade_stream())
    answer = await service.client.analyze(service_pb2.AnalyzeRequest(settings=asked["settings.as_of"]))
    assert answer.analysis.sample_count == 3


async def test_one_id_that_is_no_time_keeps_nobody_from_asking(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    """What is before all times is earlier than they are, and what is after all is not looked at."""
    for milliseconds in (7, START_MS, START_MS + 60_000, 4_102_444_800_000):
        add_trade(redis_client, "BULL", 0.5, policy="BALANCED", entry_id=f"{milliseconds}-0")
    settings = analysis_pb2.AnalysisSettings(as_of=moment(START_MS), minimum_samples=1)
    answer = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
    assert answer.analysis.sample_count == 2
    settings = analysis_pb2.AnalysisSettings(as_of=moment(START_MS + 60_000), max_age=Duration(seconds=30))
    answer = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
    assert answer.analysis.sample_count == 1


async def test_a_caller_that_goes_away_ends_the_reading(service: InProcessServer, redis_client: redis.Redis) -> None:
    pages = 60
    pipeline = redis_client.pipeline(transaction=False)
    for number in range(pages * PAGE_ENTRIES):
        # Without a regime of its own each is looked up, so that a page takes its time.
        pipeline.xadd(trade_stream(), {"realized_pnl": 1}, id=f"{number + 1}-0")
    pipeline.execute()
    redis_client.config_resetstat()

    def pages_read() -> int:
        stats: Any = redis_client.info("commandstats")
        return int(stats.get("cmdstat_xrange", {}).get("calls", 0))

    settings = analysis_pb2.AnalysisSettings(as_of=moment(1_000_000))
    asked = asyncio.create_task(service.client.analyze(service_pb2.AnalyzeRequest(settings=settings)))
    await aeventually(lambda: pages_read() > 0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await aeventually(lambda: service.handled("Analyze", "Canceled", "unary") == 1)
    assert pages_read() < pages
    # Its place is free again.
    settings = analysis_pb2.AnalysisSettings(as_of=moment(10))
    answer = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
    assert answer.analysis.sample_count == 10


async def test_a_key_of_another_type_is_reported_as_everywhere(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    redis_client.set("quantum:stream:meta.regime", "no stream")
    add_trade(redis_client, None, 0.5, policy="BALANCED", entry_id="5-0")
    settings = analysis_pb2.AnalysisSettings(as_of=moment(10), minimum_samples=1)
    answer = await service.client.analyze(service_pb2.AnalyzeRequest(settings=settings))
    assert [dict(report.rejected) for report in answer.analysis.sources] == [{"wrong_type": 1}, {}, {}]
    assert dict(answer.analysis.sources[2].noted) == {"regime_not_observed": 1, "id_is_no_time": 1}
