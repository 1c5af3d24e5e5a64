"""Requests as large, as many and as short of time as they may be: the others are served meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import grpc
import pytest
import redis
from conftest import StartService
from finite_output import assert_finite
from malformed_requests import good_memory
from patient_redis import PATIENT
from processes import ServiceProcess, eventually
from raw_calls import outcome_of
from redis_inputs import add_regime
from service_calls import get_feedback
from system.impatient import Impatient, served_beside, unlimited_stub
from system.soundness import LARGE_REQUESTS, LASTING, log_of

from strategic_memory.v1 import analysis_pb2, memory_pb2, service_pb2
from strategic_memory_server.memory.window_settings import MAX_REGIMES

pytestmark = pytest.mark.system

LONGEST = 1_000_000
ALL_OF_IT = analysis_pb2.AnalysisSettings(regime_window=LONGEST, portfolio_window=LONGEST, trade_window=LONGEST)
BURST = 200


def observations(rows: int, *, different: int = 4) -> service_pb2.AnalyzeRequest:
    names = [f"R{row % different}" for row in range(rows)]
    columns = memory_pb2.RegimeColumns(regime=names, pnl=[0.5] * rows)
    return service_pb2.AnalyzeRequest(inline=memory_pb2.InlineMemory(regime_observations=columns), settings=ALL_OF_IT)


ONE_CALLER = {"STRATEGIC_MEMORY_CALLER_ANALYSES": "256"}
"""All that is asked comes from one address here."""


@pytest.fixture
def service(start_service: StartService, redis_client: redis.Redis) -> Iterator[ServiceProcess]:
    for _ in range(3):
        add_regime(redis_client)
    started = start_service(sync_interval_s=0.2, env={**LASTING, **LARGE_REQUESTS, **ONE_CALLER, **PATIENT})
    eventually(lambda: get_feedback(started).revision)
    yield started
    log_of(started)


def test_a_million_observations(service: ServiceProcess) -> None:
    request = observations(LONGEST)
    with unlimited_stub(service) as stub:
        answer = served_beside(service, lambda: stub.Analyze(request, timeout=60), 1)
    assert_finite(answer)
    assert answer.analysis.sample_count == LONGEST


@pytest.mark.parametrize(
    ("request_of", "field"),
    [
        (lambda: observations(LONGEST + 1), "inline.regime_observations.regime"),
        (lambda: observations(LONGEST, different=LONGEST), "inline.regime_observations.regime[10000]"),
    ],
    ids=["one too many", "all of them different"],
)
def test_more_than_is_taken_is_refused_at_once(
    service: ServiceProcess, request_of: Callable[[], service_pb2.AnalyzeRequest], field: str
) -> None:
    request = request_of()
    with unlimited_stub(service) as stub, pytest.raises(grpc.RpcError) as refused:
        stub.Analyze(request, timeout=60)
    outcome = outcome_of(refused.value)
    assert (outcome.code, outcome.fields) == (grpc.StatusCode.INVALID_ARGUMENT, (field,))


def test_as_many_regimes_as_may_be(service: ServiceProcess) -> None:
    with unlimited_stub(service) as stub:
        answer = stub.Analyze(observations(20_000, different=10_000), timeout=60)
    # All of them are looked at, and so many kept apart.
    assert len(answer.analysis.regimes) == MAX_REGIMES + 1
    assert sum(regime.sample_count for regime in answer.analysis.regimes) == 20_000
    assert sum(transition.count for transition in answer.analysis.transitions) == 19_999


def test_deadlines_are_kept_and_what_was_begun_holds_nobody_up(service: ServiceProcess) -> None:
    request = observations(500_000)
    with unlimited_stub(service) as stub, Impatient(service) as impatient:
        calls = [stub.Analyze.future(request, timeout=0.3) for _ in range(8)]
        codes = {call.code() for call in calls}
        assert grpc.StatusCode.DEADLINE_EXCEEDED in codes
        assert codes <= {grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.OK}
        assert stub.Analyze(observations(10), timeout=60).analysis.sample_count == 10
        after = len(impatient.waits_s)
        eventually(lambda: len(impatient.waits_s) > after + 5)


def test_a_burst_of_analyses_does_not_starve_the_others(service: ServiceProcess) -> None:
    inline = service_pb2.AnalyzeRequest(inline=good_memory(Random(1), 2_000), settings=ALL_OF_IT)
    with unlimited_stub(service) as stub:

        def burst() -> set[int]:
            calls = [
                stub.Analyze.future(inline if number % 2 else service_pb2.AnalyzeRequest(), timeout=60)
                for number in range(BURST)
            ]
            return {call.result().analysis.sample_count for call in calls}

        assert served_beside(service, burst, BURST // 20) == {3, 6_000}
