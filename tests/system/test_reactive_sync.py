"""A new entry reaches subscribers at once, not at the interval; bursts are joined; a flood stays bounded."""

from __future__ import annotations

import time

import pytest
import redis
from conftest import StartService
from processes import ServiceProcess, eventually
from redis_inputs import add_portfolio, add_regime, add_trade
from service_calls import get_json
from stream_recorder import StreamRecorder

FAR_AWAY_S = 600.0
FLOOR_S = 0.2


def iterations(service: ServiceProcess) -> int:
    return int(get_json(service)["metrics"]["sync"]["iteration"])


def test_each_stream_wakes_the_sync(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(sync_interval_s=FAR_AWAY_S)
    with StreamRecorder(service.grpc_address) as stream:
        for _ in range(3):
            add_regime(redis_client, "BULL", 0.3)
        eventually(lambda: stream.feedbacks and stream.feedbacks[-1].regime_performance.sample_count == 3)
        add_trade(redis_client, "BULL", 0.5)
        eventually(lambda: stream.feedbacks[-1].regime_performance.sample_count == 4)
        add_portfolio(redis_client, 0.2)
        eventually(lambda: stream.feedbacks[-1].regime_performance.sample_count == 5)


def test_periodic_mode_waits_for_the_interval(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(sync_interval_s=0.5, env={"STRATEGIC_MEMORY_SYNC_MODE": "periodic"})
    eventually(lambda: iterations(service) >= 1)
    # Before the look: cycles that run between the two are not counted.
    started = time.monotonic()
    begun = iterations(service)
    for _ in range(20):
        add_regime(redis_client)
    eventually(lambda: iterations(service) >= begun + 3)
    assert time.monotonic() - started > 0.5, "three cycles take at least two intervals, less the part of the first one"


def test_a_burst_is_joined_and_a_flood_keeps_the_floor(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(sync_interval_s=FAR_AWAY_S, env={"STRATEGIC_MEMORY_SYNC_FLOOR": str(FLOOR_S)})
    eventually(lambda: iterations(service) >= 1)
    with StreamRecorder(service.grpc_address) as stream:
        pipeline = redis_client.pipeline(transaction=False)
        for number in range(2_000):
            pipeline.xadd("quantum:stream:meta.regime", {"regime": "BULL", "pnl": str(0.1 + number / 1e5)})
        began_s = time.monotonic()
        pipeline.execute()
        add_regime(redis_client, "RANGE", 900.0)
        eventually(lambda: stream.feedbacks and stream.feedbacks[-1].preferred_regime == "RANGE")
        published = sum(feedback.revision > 0 for feedback in stream.feedbacks)
        elapsed_s = time.monotonic() - began_s
    # The floor lies between the beginnings of syncs: what each says is computed a while after, which differs.
    assert published <= 1 + elapsed_s / FLOOR_S, "the floor holds"
    assert published < 20


@pytest.mark.parametrize("wrong", ["quantum:stream:trade.results", "quantum:stream:meta.regime"])
def test_a_stream_of_the_wrong_type_does_not_blind_the_others(
    start_service: StartService, redis_client: redis.Redis, wrong: str
) -> None:
    redis_client.set(wrong, "not a stream")
    service = start_service(sync_interval_s=FAR_AWAY_S)
    with StreamRecorder(service.grpc_address) as stream:
        for _ in range(3):
            add_portfolio(redis_client, 0.2, regime="BULL")
        eventually(lambda: stream.feedbacks and stream.feedbacks[-1].preferred_regime == "BULL")


def test_a_governance_key_is_picked_up_at_the_interval(start_service: StartService, redis_client: redis.Redis) -> None:
    for _ in range(3):
        add_regime(redis_client, "BULL", 0.3)
    service = start_service(sync_interval_s=0.3)
    with StreamRecorder(service.grpc_address) as stream:
        eventually(lambda: stream.feedbacks and stream.feedbacks[-1].leverage_hint > 1)
        redis_client.set("quantum:risk:leverage_limits", '{"max_leverage_hint": 0.4}')
        eventually(lambda: stream.feedbacks[-1].leverage_hint == 0.4)
