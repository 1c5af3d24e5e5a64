"""Callers beside heavy requests: one that wants an answer all the time, and one that may send as much as it likes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self, TypeVar

import grpc
import pytest
from processes import ServiceProcess
from raw_calls import UNLIMITED
from service_calls import stub_of

from strategic_memory.v1 import service_pb2, service_pb2_grpc

Value = TypeVar("Value")

_TRIES = 5


@contextmanager
def unlimited_stub(service: ServiceProcess) -> Iterator[service_pb2_grpc.StrategicMemoryServiceStub]:
    """A stub over a channel of its own that takes messages of any size."""
    with grpc.insecure_channel(service.grpc_address, UNLIMITED) as channel:
        yield service_pb2_grpc.StrategicMemoryServiceStub(channel)


class Impatient:
    """Calls GetFeedback again and again in a thread of its own, and notes how long each call takes."""

    def __init__(self, service: ServiceProcess) -> None:
        self.waits_s: list[float] = []
        self._began_s = self._ended_s = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(service,))

    def __enter__(self) -> Self:
        self._began_s = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended_s = time.monotonic()
        self._ended.set()
        self._thread.join()

    def was_served_beside(self, requests: int) -> bool:
        """Whether it was answered all along beside so many requests.

        One that held it up would let one call in after it; and no call took as long as half of all of them.
        """
        return len(self.waits_s) > 2 * requests and max(self.waits_s) < (self._ended_s - self._began_s) / 2

    def _run(self, service: ServiceProcess) -> None:
        with stub_of(service) as stub:
            while not self._ended.is_set():
                began = time.monotonic()
                stub.GetFeedback(service_pb2.GetFeedbackRequest(), timeout=30)
                self.waits_s.append(time.monotonic() - began)


def served_beside(service: ServiceProcess, work: Callable[[], Value], requests: int) -> Value:
    """Do some work of so many requests, and give what came of it; fails when others are held up meanwhile.

    Whatever holds them up does so each time. What else the machine has to do does not, so one good time is enough.
    """
    waited_s = []
    for _ in range(_TRIES):
        with Impatient(service) as impatient:
            done = work()
        if impatient.was_served_beside(requests):
            return done
        waited_s.append(max(impatient.waits_s, default=0.0))
    pytest.fail(f"others were held up each time, for as long as {waited_s} s")
