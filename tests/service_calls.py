"""Calls a running service the way other programs do: the generated stub, and plain HTTP."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from processes import ServiceProcess

from strategic_memory.v1 import feedback_pb2, service_pb2, service_pb2_grpc


@contextmanager
def stub_of(service: ServiceProcess) -> Iterator[service_pb2_grpc.StrategicMemoryServiceStub]:
    """A stub on a channel of its own."""
    with grpc.insecure_channel(service.grpc_address) as channel:
        yield service_pb2_grpc.StrategicMemoryServiceStub(channel)


def get_feedback(service: ServiceProcess) -> feedback_pb2.Feedback:
    """The feedback in force."""
    with stub_of(service) as stub:
        return stub.GetFeedback(service_pb2.GetFeedbackRequest(), timeout=30).feedback


def get_json(service: ServiceProcess, path: str = "/health") -> dict[str, Any]:
    """A JSON document of the HTTP side."""
    document: dict[str, Any] = json.loads(get_text(service, path))
    return document


def get_json_from(http_address: str, path: str = "/health") -> dict[str, Any]:
    """A JSON document of a service that is known by its address alone."""
    with urllib.request.urlopen(f"http://{http_address}{path}", timeout=30) as response:
        document: dict[str, Any] = json.loads(response.read())
    return document


def get_text(service: ServiceProcess, path: str) -> str:
    """A text of the HTTP side."""
    with urllib.request.urlopen(f"http://{service.http_address}{path}", timeout=30) as response:
        return str(response.read().decode())
