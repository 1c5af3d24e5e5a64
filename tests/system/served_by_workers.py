"""A service of several workers, as tests see it: who runs, what each says, and stubs on connections of their own."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc
from processes import ServiceProcess, eventually
from prometheus_client.parser import text_string_to_metric_families
from service_calls import get_text

from strategic_memory.v1 import service_pb2, service_pb2_grpc

_OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)

_ANSWERED_WITHIN_S = 4.0
"""Whoever came to a frozen worker asks again after that, and may come to another one."""

Stub = service_pb2_grpc.StrategicMemoryServiceStub


@contextmanager
def stubs(service: ServiceProcess, count: int) -> Iterator[list[Stub]]:
    """So many stubs, each on a connection of its own."""
    with ExitStack() as stack:
        channels = [
            stack.enter_context(grpc.insecure_channel(service.grpc_address, options=_OWN_CONNECTION))
            for _ in range(count)
        ]
        yield [Stub(channel) for channel in channels]


def health_of(service: ServiceProcess) -> dict[str, Any]:
    """Return the health; an AssertionError where the connection came to a worker that is frozen or has died."""
    try:
        with urllib.request.urlopen(f"http://{service.http_address}/health", timeout=_ANSWERED_WITHIN_S) as answer:
            health: dict[str, Any] = json.loads(answer.read())
            return health
    except OSError as error:
        raise AssertionError(f"no answer: {error}") from None


def until_all_serve(service: ServiceProcess) -> dict[str, Any]:
    """Wait until every worker answers; give the health."""

    def whole() -> dict[str, Any] | None:
        health = health_of(service)
        workers = health["metrics"].get("workers", [])
        return health if workers and all(each["answers"] for each in workers) else None

    return eventually(whole, 60.0, what="every worker answers")


def pids_of(service: ServiceProcess) -> list[int]:
    """Return the process ids of the workers, by number; 0 where there is none."""
    return [each["pid"] or 0 for each in until_all_serve(service)["metrics"]["workers"]]


def leading(service: ServiceProcess) -> int:
    """Wait until a worker leads; give its number."""

    def found() -> list[int]:
        workers = health_of(service)["metrics"].get("workers", [])
        return [each["worker"] for each in workers if each["role"] == "leader"]

    # After the end of one that led: its lease ends by itself, and what takes over may have to start first.
    return eventually(found, 60.0, what="a worker leads")[0]


def metrics_of(service: ServiceProcess) -> dict[str, float]:
    """Return the metrics, by name and labels."""
    return {
        sample.name + "".join(f" {name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(get_text(service, "/metrics"))
        for sample in family.samples
    }


def kill_worker(service: ServiceProcess, number: int) -> None:
    """End a worker with SIGKILL."""
    os.kill(pids_of(service)[number], signal.SIGKILL)


def get_feedback(stub: Stub) -> int:
    """Ask for the feedback in force; give its revision."""
    answer = stub.GetFeedback(service_pb2.GetFeedbackRequest(), timeout=30, wait_for_ready=True)
    return int(answer.feedback.revision)
