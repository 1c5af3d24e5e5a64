"""One raw stream of feedback, read message by message without the client library."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.duration_pb2 import Duration

from strategic_memory.v1 import feedback_pb2, service_pb2, service_pb2_grpc

READ_WITHIN_S = 30.0
_QUIET = Duration(seconds=3_600)


def stream_request(portfolio: str = "") -> service_pb2.StreamFeedbackRequest:
    """Ask for the feedback in force and what follows, with hardly any heartbeat."""
    return service_pb2.StreamFeedbackRequest(heartbeat_interval=_QUIET, portfolio=portfolio)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A feedback, and when it came, by `time.perf_counter()`."""

    feedback: feedback_pb2.Feedback
    at_s: float


class FeedbackSubscription:
    """A stream on a connection of its own, whose next message is always being waited for."""

    def __init__(self, address: str, portfolio: str = "") -> None:
        """Prepare a stream of a portfolio, by default the default one; `open` it with `async with`."""
        self._channel = grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        stub = service_pb2_grpc.StrategicMemoryServiceStub(self._channel)
        self._call: grpc.aio.UnaryStreamCall[Any, service_pb2.StreamFeedbackResponse] = stub.StreamFeedback(
            stream_request(portfolio), timeout=3_600
        )

    async def __aenter__(self) -> Self:
        self._next = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call.cancel()
        self._next.cancel()
        with contextlib.suppress(BaseException):
            await self._next
        await self._channel.close()

    @property
    def has_next(self) -> bool:
        """Whether the next feedback has come already."""
        return self._next.done()

    async def next_feedback(self) -> Arrived:
        """Wait for the next feedback, at most READ_WITHIN_S; TimeoutError when none comes."""
        arrived = await asyncio.wait_for(self._next, READ_WITHIN_S)
        self._next = asyncio.create_task(self._read())
        return arrived

    async def _read(self) -> Arrived:
        while True:
            message = await self._call.read()
            arrived_s = time.perf_counter()
            if not isinstance(message, service_pb2.StreamFeedbackResponse):
                raise ConnectionError(f"the stream ended: {await self._call.details()}")
            if message.WhichOneof("event") == "feedback":
                return Arrived(message.feedback, arrived_s)


async def first_advice(address: str) -> feedback_pb2.Feedback:
    """Wait until a service that has just started has published, and give what it says."""
    async with FeedbackSubscription(address) as subscription:
        while not (arrived := await subscription.next_feedback()).feedback.revision:
            pass
        return arrived.feedback
