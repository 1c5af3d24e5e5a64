"""Analyze on a real server in this process."""

from __future__ import annotations

import grpc
import redis
import redis.asyncio
from advice import NOW_MS
from in_process_server import InProcessServer, in_process_server
from redis_inputs import add_regime
from server.rpc.refusals import refusal_of

from strategic_memory.v1 import analysis_pb2, feedback_pb2, memory_pb2, service_pb2


async def test_analyze_of_the_stored_memory_publishes_nothing(
    service: InProcessServer, redis_client: redis.Redis
) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    keys = redis_client.keys("*")
    response = await service.client.analyze()
    assert (response.analysis.preferred_regime, response.analysis.sample_count) == ("BULL", 3)
    assert response.feedback.updated_policy == feedback_pb2.POLICY_AGGRESSIVE
    assert (response.feedback.revision, response.feedback.epoch) == (0, "")
    assert response.feedback.timestamp.ToMilliseconds() == NOW_MS
    assert redis_client.keys("*") == keys


async def test_analyze_of_observations_in_the_request_under_other_settings(service: InProcessServer) -> None:
    inline = memory_pb2.InlineMemory(
        regime_observations=memory_pb2.RegimeColumns(regime=["bear"] * 5, pnl=[0.1] * 5), max_leverage_hint=0.5
    )
    rules = [analysis_pb2.PolicyRule(regime="BEAR", policy=feedback_pb2.POLICY_AGGRESSIVE)]
    settings = analysis_pb2.AnalysisSettings(regime_window=2, minimum_samples=1, policy_rules=rules)
    response = await service.client.analyze(service_pb2.AnalyzeRequest(inline=inline, settings=settings))
    assert (response.analysis.preferred_regime, response.analysis.sample_count) == ("BEAR", 2)
    assert response.feedback.updated_policy == feedback_pb2.POLICY_AGGRESSIVE
    assert response.feedback.leverage_hint == 0.5


async def test_analyze_of_too_little_says_so(service: InProcessServer) -> None:
    response = await service.client.analyze()
    assert response.feedback.status == feedback_pb2.FEEDBACK_STATUS_WARMING_UP
    assert [reason.code for reason in response.feedback.reasons] == ["TOO_FEW_ENTRIES"]


async def test_a_bad_analyze_request_names_its_field(service: InProcessServer) -> None:
    inline = memory_pb2.InlineMemory(portfolio_entries=memory_pb2.PortfolioColumns(pnl=[0.1, float("nan")]))
    refused = await refusal_of(service.client.analyze(service_pb2.AnalyzeRequest(inline=inline)))
    assert refused == (grpc.StatusCode.INVALID_ARGUMENT, "inline.portfolio_entries.pnl[1]")
    settings = analysis_pb2.AnalysisSettings(trade_window=0)
    refused = await refusal_of(service.client.analyze(service_pb2.AnalyzeRequest(settings=settings)))
    assert refused == (grpc.StatusCode.INVALID_ARGUMENT, "settings.trade_window")


async def test_a_stored_memory_that_cannot_be_read_is_unavailable() -> None:
    async with (
        redis.asyncio.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.5) as nowhere,
        in_process_server(nowhere) as service,
    ):
        refused = await refusal_of(service.client.analyze())
        assert refused == (grpc.StatusCode.UNAVAILABLE, "MEMORY_UNREADABLE")
        assert (await service.client.get()).version == "1.0.0"
