"""The client library and the command against the real service: what they say is what the service says."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
import redis
from client.command_line import run, run_at_terminal
from conftest import StartService
from processes import ServiceProcess, eventually
from redis_inputs import add_portfolio, add_regime, add_trade
from service_calls import get_feedback

from strategic_memory_client import (
    AnalysisSettings,
    AsyncStrategicMemoryClient,
    ClientOptions,
    Delivery,
    Feedback,
    FeedbackStatus,
    InlineMemory,
    InvalidRequestError,
    Policy,
    PolicyRule,
    RegimeColumns,
    ResumePoint,
    ResumePointError,
    StrategicMemoryClient,
    TradeColumns,
)
from strategic_memory_client.values.options import SHORTEST_KEEPALIVE_S
from strategic_memory_client.wire.from_wire import feedback_from_wire
from strategic_memory_server.rpc.server import PERMITTED_PING_INTERVAL_MS

Client = Callable[[], AbstractContextManager[StrategicMemoryClient]]

PATIENT = ClientOptions(timeout_s=30.0, connect_timeout_s=30.0)
"""For tests that are not about timeouts: a busy machine may keep the service from answering for a while."""


@pytest.fixture
def service(start_service: StartService) -> ServiceProcess:
    # Long enough that the advice stays valid while a test looks at it.
    return start_service(sync_interval_s=0.1, env={"STRATEGIC_MEMORY_VALIDITY": "60"})


def fill(client: redis.Redis) -> None:
    # All at once: what is read in between would be advice too, and what is waited for may not be the last.
    with client.pipeline(transaction=True) as pipeline:
        for _ in range(4):
            add_regime(pipeline, "BULL", 0.5)
            add_trade(pipeline, "BULL", 0.4, policy="AGGRESSIVE")
        add_regime(pipeline, "RANGE", -0.2)
        add_portfolio(pipeline, 0.3)
        add_trade(pipeline, "RANGE", "not a number")
        pipeline.execute()


def wait_until_used(client: StrategicMemoryClient, samples: int) -> Feedback:
    def used() -> Feedback | None:
        newest = client.newest
        performance = newest.regime_performance
        return newest if performance is not None and performance.sample_count == samples else None

    return eventually(used)


def test_every_way_to_ask_gives_the_same_feedback(service: ServiceProcess, redis_client: redis.Redis) -> None:
    with StrategicMemoryClient(service.grpc_address, options=PATIENT) as client:
        client.follow()
        assert client.wait_for_newest().status is FeedbackStatus.WARMING_UP
        fill(redis_client)
        newest = wait_until_used(client, 9)
        assert newest.status is FeedbackStatus.ACTIVE
        assert (newest.preferred_regime, newest.current_regime) == ("BULL", "RANGE")
        assert (newest.updated_policy, newest.best_policy) == (Policy.AGGRESSIVE, Policy.AGGRESSIVE)
        assert newest.reasons
        got = client.get_feedback()
        streamed = next(client.stream_feedback())
        assert got.revision == streamed.revision == newest.revision
        assert got.epoch == newest.epoch
        assert feedback_from_wire(get_feedback(service)).reasons == newest.reasons
        told = json.loads(run("get", "-a", service.grpc_address).out)
        assert (told["revision"], told["updated_policy"]) == (got.revision, "AGGRESSIVE")
        assert told["regime_performance"]["sample_count"] == 9
        shown = run_at_terminal("get", "-a", service.grpc_address)
        assert "AGGRESSIVE" in shown.out


async def test_the_asynchronous_client(service: ServiceProcess, redis_client: redis.Redis) -> None:
    async with AsyncStrategicMemoryClient(service.grpc_address, options=PATIENT) as client:
        client.follow()
        await client.wait_for_newest()
        fill(redis_client)
        async for feedback in client.stream_feedback():
            if feedback.status is FeedbackStatus.ACTIVE:
                break
        assert (await client.get_feedback()).status is FeedbackStatus.ACTIVE
        assert (await client.analyze()).analysis.sample_count > 0
        assert (await client.check_health()).serving


def test_analysis_of_the_stored_memory(service: ServiceProcess, redis_client: redis.Redis) -> None:
    fill(redis_client)
    with StrategicMemoryClient(service.grpc_address, options=PATIENT) as client:
        analysis = client.analyze().analysis
        assert [regime.regime for regime in analysis.regimes] == ["BULL", "RANGE"]
        assert analysis.regimes[0].policies[0].policy is Policy.AGGRESSIVE
        assert analysis.sample_count == 10
        assert any(sum(source.rejected.values()) == 1 for source in analysis.sources)
        cautious = AnalysisSettings(policy_rules=(PolicyRule(Policy.BALANCED, "BULL", win_rate_above=0.5),))
        assert client.analyze(settings=cautious).feedback.updated_policy is Policy.BALANCED
        assert client.analyze(settings=AnalysisSettings(trade_window=1, regime_window=1)).analysis.sample_count < 10
        shown = run_at_terminal("analyze", "-a", service.grpc_address)
        assert (shown.code, "BULL" in shown.out) == (0, True)
        rule = run("analyze", "-a", service.grpc_address, "--policy-rule", "BULL:win_rate>0.5=BALANCED")
        assert json.loads(rule.out)["feedback"]["updated_policy"] == "BALANCED"


def test_analysis_as_of_a_moment(service: ServiceProcess, redis_client: redis.Redis) -> None:
    then = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    then_ms = int(then.timestamp()) * 1_000
    redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.25}')
    for number in range(-4, 3):
        regime, pnl = ("BULL", 0.5) if number <= 0 else ("RANGE", 5.0)
        add_regime(redis_client, regime, pnl, entry_id=f"{then_ms + number * 86_400_000}-0")
        add_trade(redis_client, None, pnl, policy="BALANCED", entry_id=f"{then_ms + number * 86_400_000}-0")
    with StrategicMemoryClient(service.grpc_address, options=PATIENT) as client:
        now = client.analyze()
        assert (now.feedback.preferred_regime, now.feedback.leverage_hint) == ("RANGE", 0.25)
        result = client.analyze(settings=AnalysisSettings(as_of=then))
        assert (result.analysis.sample_count, result.analysis.current_regime) == (10, "BULL")
        assert (result.feedback.timestamp, result.feedback.data_as_of) == (then, then)
        assert result.feedback.leverage_hint > 0.25
        assert result.feedback.evidence is not None
        assert result.feedback.evidence.observations == 5
        young = client.analyze(settings=AnalysisSettings(as_of=then, max_age=timedelta(days=2)))
        assert young.analysis.sample_count == 6
        told = run("analyze", "-a", service.grpc_address, "--as-of", "2026-01-05T09:30:00Z", "--max-age", "2d")
        assert json.loads(told.out)["analysis"]["sample_count"] == 6
        untimed = InlineMemory(RegimeColumns(regime=["BULL"], pnl=[1.0]))
        with pytest.raises(InvalidRequestError) as caught:
            client.analyze(untimed, settings=AnalysisSettings(as_of=then))
        assert [violation.field for violation in caught.value.violations] == ["settings.as_of"]


def test_analysis_of_a_memory_in_the_request(service: ServiceProcess) -> None:
    memory = InlineMemory(
        regime_observations=RegimeColumns(regime=["bull"] * 4, pnl=[0.5] * 4, confidence=[0.9, None, 0.9, 0.9]),
        trade_results=TradeColumns(market_regime=[None] * 3, realized_pnl=[0.3] * 3, policy=["BALANCED"] * 3),
    )
    with StrategicMemoryClient(service.grpc_address, options=PATIENT) as client:
        result = client.analyze(memory)
        assert result.feedback.revision == 0
        assert result.feedback.preferred_regime == "BULL"
        capped = client.analyze(InlineMemory(memory.regime_observations, max_leverage_hint=0.5))
        assert capped.feedback.leverage_hint == 0.5
        uneven = InlineMemory(RegimeColumns(regime=["BULL"], pnl=[1.0, 2.0]))
        with pytest.raises(InvalidRequestError) as caught:
            client.analyze(uneven)
        assert caught.value.violations
        assert caught.value.violations[0].field.startswith("inline.regime_observations")
    content = '{"%s": {"regime": ["BULL", "BULL", "BULL"], "pnl": [0.5, 0.5, null]}}'
    ended = run("analyze", "-a", service.grpc_address, "--file", "-", stdin=content % "regime_observations")
    assert ended.code == 0, "an observation without a pnl tells the regime alone"
    ended = run("analyze", "-a", service.grpc_address, "--file", "-", stdin=content % "portfolio_entries")
    assert ended.code == 5
    assert "inline.portfolio_entries.pnl[2]" in ended.err


def test_settings_that_the_service_refuses_are_named(service: ServiceProcess) -> None:
    with StrategicMemoryClient(service.grpc_address, options=PATIENT) as client:
        with pytest.raises(InvalidRequestError) as caught:
            client.analyze(settings=AnalysisSettings(minimum_samples=0))
        assert [violation.field for violation in caught.value.violations] == ["settings.minimum_samples"]


def test_a_memory_of_many_megabytes_goes_through(service: ServiceProcess) -> None:
    entries = 600_000
    memory = InlineMemory(RegimeColumns(regime=["BULL"] * entries, pnl=[0.5] * entries))
    with StrategicMemoryClient(service.grpc_address, options=ClientOptions(timeout_s=60.0)) as client:
        settings = AnalysisSettings(regime_window=entries)
        assert client.analyze(memory, settings=settings).analysis.sample_count == entries


def test_health_and_its_exit_codes(service: ServiceProcess, redis_client: redis.Redis) -> None:
    address = service.grpc_address
    with StrategicMemoryClient(address, options=PATIENT) as client:
        health = client.check_health()
        assert (health.serving, health.status, health.address) == (True, "SERVING", address)
        assert run("health", "-a", address).code == 4
        assert run("health", "--serving-only", "-a", address).code == 0
        client.follow()
        fill(redis_client)
        wait_until_used(client, 9)
        assert run("health", "-a", address).code == 0
        assert run("get", "--require-active", "-a", address).code == 0


@pytest.mark.parametrize("reason", ["REVISION_IN_FUTURE", "EPOCH_CHANGED"])
def test_a_resume_point_that_the_service_refuses(
    service: ServiceProcess, redis_client: redis.Redis, reason: str
) -> None:
    with StrategicMemoryClient(service.grpc_address, options=ClientOptions(catch_up_s=0.3)) as client:
        client.follow()
        fill(redis_client)
        epoch = wait_until_used(client, 9).epoch
        point = ResumePoint(1_000, epoch) if reason == "REVISION_IN_FUTURE" else ResumePoint(1, "another")
        with pytest.raises(ResumePointError) as caught:
            next(client.stream_feedback(resume_after=point, delivery=Delivery.EVERY))
        assert (caught.value.reason, caught.value.epoch) == (reason, epoch)
        assert caught.value.current is not None
        fresh = next(client.stream_feedback(resume_after=point))
        assert fresh.epoch_changed is (reason == "EPOCH_CHANGED")


def test_the_server_permits_the_pings_of_the_client() -> None:
    assert PERMITTED_PING_INTERVAL_MS <= SHORTEST_KEEPALIVE_S * 1000
