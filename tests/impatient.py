"""Callers beside heavy requests: one that wants an answer all the time, and one that may send as much as it likes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import grpc
from processes import ServiceProcess
from raw_calls import UNLIMITED
from service_calls import stub_of

from strategic_memory.v1 import service_pb2, service_pb2_grpc

LONGEST_WAIT_S = 1.0
"""Longest that GetFeedback may take while analyses keep the machine busy; alone it takes a millisecond."""


@contextmanager
def unlimited_stub(service: ServiceProcess) -> Iterator[service_pb2_grpc.StrategicMemoryServiceStub]:
    """A stub over a channel of its own that takes messages of any size."""
    with grpc.insecure_channel(service.grpc_address, UNLIMITED) as channel:
        yield service_pb2_grpc.StrategicMemoryServiceStub(channel)


class Impatient:
    """Calls GetFeedback again and again in a thread of its own, and notes how long each call takes."""

    def __init__(self, service: ServiceProcess) -> None:
        self.waits_s: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(service,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self, service: ServiceProcess) -> None:
        with stub_of(service) as stub:
            while not self._ended.is_set():
                began = time.monotonic()
                stub.GetFeedback(service_pb2.GetFeedbackRequest(), timeout=30)
                self.waits_s.append(time.monotonic() - began)
