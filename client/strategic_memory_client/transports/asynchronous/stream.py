"""One open stream for a program with an event loop: its messages one by one, with an end to silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import grpc.aio

from strategic_memory.v1 import service_pb2
from strategic_memory.v1.service_pb2_grpc import StrategicMemoryServiceStub
from strategic_memory_client.streams.stream_attempt import StreamAttempt
from strategic_memory_client.streams.subscription_settings import READ_WITHIN_S
from strategic_memory_client.transports.channel_settings import Metadata
from strategic_memory_client.values.heartbeats import Heartbeat
from strategic_memory_client.values.results import Feedback
from strategic_memory_client.wire.from_wire import stream_message_from_wire
from strategic_memory_client.wire.status_table import closed_client, ended_stream, error_of, silent_server
from strategic_memory_client.wire.to_wire import stream_request


class AsyncStream:
    """An open stream on a connection of its own."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        metadata: Metadata | None,
        attempt: StreamAttempt,
        silence_timeout_s: float,
    ) -> None:
        self._channel = channel
        self._address = attempt.address
        self._portfolio = attempt.portfolio
        self._silence_timeout_s = silence_timeout_s
        self._is_closed = False
        self._call = StrategicMemoryServiceStub(channel).StreamFeedback(stream_request(attempt), metadata=metadata)

    async def receive(self) -> Feedback | Heartbeat | None:
        """Return the next message; None is one of a kind that is not known here.

        Raises StrategicMemoryError, also when the server ends the stream.
        """
        try:
            async with self._until_silence():
                message = await self._call.read()
        except TimeoutError:
            raise silent_server(self._address, self._silence_timeout_s) from None
        except grpc.RpcError as error:
            raise error_of(error, self._address) from error
        except asyncio.CancelledError:
            if self._is_closed and not is_being_cancelled():
                raise closed_client() from None
            raise
        if not isinstance(message, service_pb2.StreamFeedbackResponse):  # that is gRPC's end of the stream
            raise ended_stream(self._address)
        return stream_message_from_wire(message, self._address, self._portfolio)

    @asynccontextmanager
    async def _until_silence(self) -> AsyncIterator[None]:
        """Bound the wait for one message. What came while the event loop stood still is read before that is silence."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as limit:
            due = loop.call_later(self._silence_timeout_s, lambda: limit.reschedule(loop.time() + READ_WITHIN_S))
            try:
                yield
            finally:
                due.cancel()

    async def close(self) -> None:
        """End the stream and its connection. Any number of times."""
        self._is_closed = True
        self._call.cancel()
        await self._channel.close()


def is_being_cancelled() -> bool:
    """Tell whether somebody cancels the running task; a call that is cancelled looks the same from inside."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
