"""The demo's own subscriber: a plain gRPC stream on the generated stub, as any program could open it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol

import grpc
from google.protobuf.duration_pb2 import Duration

from strategic_memory.v1 import feedback_pb2, service_pb2, service_pb2_grpc

_HEARTBEAT_S = 1
_PAUSE_BEFORE_REOPENING_S = 0.5


class Receiver(Protocol):
    """What is told about the messages of the service."""

    def feedback_received(self, feedback: feedback_pb2.Feedback, received_at: datetime, *, live: bool) -> None:
        """Take in a feedback; `live` is false for the first of a stream, which was in force before."""

    def heartbeat_received(self, heartbeat: feedback_pb2.Heartbeat) -> None:
        """Take in a heartbeat."""


async def follow_feedback(channel: grpc.aio.Channel, receiver: Receiver) -> None:
    """Hand every message of the feedback stream to `receiver`, until cancelled; reopen a stream that ends."""
    stub = service_pb2_grpc.StrategicMemoryServiceStub(channel)
    request = service_pb2.StreamFeedbackRequest(heartbeat_interval=Duration(seconds=_HEARTBEAT_S))
    while True:
        try:
            live = False
            async for message in stub.StreamFeedback(request):
                if message.HasField("feedback"):
                    receiver.feedback_received(message.feedback, datetime.now(UTC), live=live)
                    live = True
                elif message.HasField("heartbeat"):
                    receiver.heartbeat_received(message.heartbeat)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
        await asyncio.sleep(_PAUSE_BEFORE_REOPENING_S)
