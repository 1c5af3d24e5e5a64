"""Analyses of a million observations: what they take, and that they stop when their caller has gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import grpc
import numpy as np
import pytest
import redis
from conftest import StartService
from finite_output import assert_finite
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback
from system.impatient import served_beside, unlimited_stub
from system.soundness import LARGE_REQUESTS, LASTING, log_of, resident_mib

from strategic_memory.v1 import analysis_pb2, memory_pb2, service_pb2, service_pb2_grpc

pytestmark = pytest.mark.system

LONGEST = 1_000_000

CONTAINER_MIB = 256
"""Memory of the container in `deploy/compose.yaml`."""

AT_REST_MIB = 160
"""What the service may hold once a large analysis is over; before the first one it is about 90."""

PARTS = (1 / 2, 3 / 4, 1 / 3, 7 / 8, 1 / 4, 5 / 8)
TOLD_WITHIN_S = 10.0

STOPPED = "Analysis stopped: its caller has gone"


def a_million_trades(regimes: int) -> service_pb2.AnalyzeRequest:
    """Packed trades that depend on the ones before, so that every interval has to be resampled."""
    random = np.random.default_rng(7)
    pnl = np.sin(np.arange(LONGEST) / 5_000.0) + random.normal(size=LONGEST)
    trades = memory_pb2.TradeColumns(
        market_regime_names=[f"R{number}" for number in range(regimes)],
        market_regime_code=random.integers(0, regimes, LONGEST).tolist(),
        realized_pnl=pnl.tolist(),
        policy_names=["CONSERVATIVE", "BALANCED", "AGGRESSIVE"],
        policy_code=random.integers(0, 3, LONGEST).tolist(),
        strategy_names=["carry"],
        strategy_code=[0] * LONGEST,
        time_ms=np.sort(random.integers(1_600_000_000_000, 1_766_000_000_000, LONGEST)).tolist(),
    )
    settings = analysis_pb2.AnalysisSettings(trade_window=LONGEST)
    return service_pb2.AnalyzeRequest(inline=memory_pb2.InlineMemory(trade_results=trades), settings=settings)


def few_trades() -> service_pb2.AnalyzeRequest:
    trades = memory_pb2.TradeColumns(market_regime=["A"] * 5, realized_pnl=[1.0] * 5)
    return service_pb2.AnalyzeRequest(inline=memory_pb2.InlineMemory(trade_results=trades))


def peak_mib(service: ServiceProcess) -> float:
    """Most memory that it has ever had; 0 where the system does not tell."""
    status = Path(f"/proc/{service.pid}/status")
    if not status.exists():
        return 0.0
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


@pytest.fixture
def service(start_service: StartService, redis_client: redis.Redis) -> Iterator[ServiceProcess]:
    for _ in range(3):
        add_regime(redis_client)
    started = start_service(sync_interval_s=0.2, env={**LASTING, **LARGE_REQUESTS})
    eventually(lambda: get_feedback(started).revision)
    yield started
    log_of(started)


def test_a_million_trades_fit_the_container_again_and_again(service: ServiceProcess) -> None:
    request = a_million_trades(4)
    with unlimited_stub(service) as stub:
        for _ in range(3):
            answer = stub.Analyze(request, timeout=60)
            assert_finite(answer)
            assert answer.analysis.sample_count == LONGEST
            assert {regime.evidence.observations for regime in answer.analysis.regimes} == {LONGEST}
            eventually(lambda: resident_mib(service) < AT_REST_MIB, what="memory is given back")
    assert peak_mib(service) < CONTAINER_MIB


def seconds_of(stub: service_pb2_grpc.StrategicMemoryServiceStub, request: service_pb2.AnalyzeRequest) -> float:
    began_s = time.monotonic()
    stub.Analyze(request, timeout=60)
    return time.monotonic() - began_s


def test_an_analysis_whose_deadline_has_passed_stops_and_makes_room(service: ServiceProcess) -> None:
    request = a_million_trades(64)
    with unlimited_stub(service) as stub:

        def runs_out(within_s: float) -> bool:
            return bool(stub.Analyze.future(request, timeout=within_s).code() is grpc.StatusCode.DEADLINE_EXCEEDED)

        def give_up_one() -> None:
            assert stops_one(service, stub, request, runs_out)
            calls = [stub.Analyze.future(few_trades(), timeout=60) for _ in range(4)]
            assert {call.result().analysis.sample_count for call in calls} == {5}

        served_beside(service, give_up_one, 6)
    eventually(lambda: resident_mib(service) < AT_REST_MIB, what="memory is given back")


def test_a_caller_that_cancels_is_as_good_as_one_that_ran_out_of_time(service: ServiceProcess) -> None:
    request = a_million_trades(64)
    with unlimited_stub(service) as stub:

        def cancels(after_s: float) -> bool:
            call = stub.Analyze.future(request, timeout=60)
            with suppress(grpc.FutureTimeoutError):
                call.result(timeout=after_s)
            return bool(call.cancel())

        assert stops_one(service, stub, request, cancels)
        assert stub.Analyze(few_trades(), timeout=60).analysis.sample_count == 5


def stops_one(
    service: ServiceProcess,
    stub: service_pb2_grpc.StrategicMemoryServiceStub,
    request: service_pb2.AnalyzeRequest,
    gives_up: Callable[[float], bool],
) -> bool:
    """Whether an analysis is stopped of those that are given up, each after another part of what one takes.

    On a busy machine one has ended by then, or is still on its way: nothing of it is to be stopped.
    """
    before, took_s = len(stopped(service)), seconds_of(stub, request)

    def is_told() -> bool:
        with suppress(pytest.fail.Exception):
            return bool(eventually(lambda: len(stopped(service)) > before, TOLD_WITHIN_S))
        return False

    return any(gives_up(took_s * part) and is_told() for part in PARTS)


def stopped(service: ServiceProcess) -> list[dict[str, float]]:
    """The lines of its log that tell of an analysis that was stopped."""
    return [line for line in service.log_lines() if line["event"] == STOPPED]
