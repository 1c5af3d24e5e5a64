"""SIGINT, SIGTERM and SIGHUP finish the cycle in hand and end with exit code 0 within 5 s."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
import redis
from conftest import StartService
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from processes import eventually
from redis_inputs import add_regime
from stream_recorder import StreamRecorder
from system.test_streams import error_info

LIMIT_S = 30.0


@contextmanager
def not_ignored(number: signal.Signals) -> Iterator[None]:
    """Take back, for what is started meanwhile, that a signal is ignored here (nohup)."""
    before = signal.getsignal(number)
    if before is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_streams_end_so_that_clients_move_on(
    start_service: StartService, redis_client: redis.Redis, number: signal.Signals
) -> None:
    with not_ignored(number):
        service = start_service(sync_interval_s=0.2)
    for _ in range(3):
        add_regime(redis_client)
    with StreamRecorder(service.grpc_address) as subscriber, grpc.insecure_channel(service.grpc_address) as channel:
        subscriber.wait_for_revision(1)
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        service.send_signal(number)
        error = subscriber.wait_for_end()
        assert error.code() == grpc.StatusCode.UNAVAILABLE
        assert error_info(error).reason == "DRAINING"
        assert isinstance(error_info(error), error_details_pb2.ErrorInfo)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert service.wait(LIMIT_S) == 0
    assert [line["event"] for line in service.log_lines()][-1] == "Service stopped"
    assert not service.stderr()


def test_a_redis_that_hangs_does_not_hold_the_end_up(start_service: StartService) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service = start_service(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        accepted, _ = silent.accept()
        with accepted:
            service.terminate()
            assert service.wait(LIMIT_S) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopping_before_the_start_is_no_failure(start_service: StartService, number: signal.Signals) -> None:
    with not_ignored(number):
        service = start_service(wait_until_ready=False, anew=True)
    eventually(partial(has_handlers, service.pid), what="the command has begun")
    service.send_signal(number)
    assert service.wait(LIMIT_S) == 0
    assert not service.stderr()


def has_handlers(pid: int) -> bool:
    """Whether a process catches SIGTERM by now."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:")).split()[1]
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))


def test_stopping_twice_is_stopping_once(start_service: StartService) -> None:
    service = start_service()
    service.send_signal(signal.SIGINT)
    service.send_signal(signal.SIGTERM)
    assert service.wait(LIMIT_S) == 0
