"""One raw stream of feedback, read message by message without the client library."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.duration_pb2 import Duration

from strategic_memory.v1 import feedback_pb2, service_pb2, service_pb2_grpc

READ_WITHIN_S = 30.0
_QUIET = Duration(seconds=3_600)


def stream_request() -> service_pb2.StreamFeedbackRequest:
    """Ask for the feedback in force and what follows, with hardly any heartbeat."""
    return service_pb2.StreamFeedbackRequest(heartbeat_interval=_QUIET)


class FeedbackSubscription:
    """A stream on a connection of its own."""

    def __init__(self, address: str) -> None:
        """Prepare a stream; `open` it with `async with`."""
        self._channel = grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        stub = service_pb2_grpc.StrategicMemoryServiceStub(self._channel)
        self._call: grpc.aio.UnaryStreamCall[Any, service_pb2.StreamFeedbackResponse] = stub.StreamFeedback(
            stream_request(), timeout=3_600
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call.cancel()
        await self._channel.close()

    async def next_feedback(self) -> feedback_pb2.Feedback:
        """Wait for the next feedback, at most READ_WITHIN_S; TimeoutError when none comes."""
        async with asyncio.timeout(READ_WITHIN_S):
            while True:
                message = await self._call.read()
                if not isinstance(message, service_pb2.StreamFeedbackResponse):
                    raise ConnectionError(f"the stream ended: {await self._call.details()}")
                if message.WhichOneof("event") == "feedback":
                    return message.feedback


async def first_advice(address: str) -> feedback_pb2.Feedback:
    """Wait until a service that has just started has published, and give what it says."""
    async with FeedbackSubscription(address) as subscription:
        while not (feedback := await subscription.next_feedback()).revision:
            pass
        return feedback
