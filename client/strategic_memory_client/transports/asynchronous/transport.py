"""Connections to the service for programs with an event loop: calls over several servers, and streams."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2

from strategic_memory.v1 import service_pb2
from strategic_memory.v1.service_pb2_grpc import StrategicMemoryServiceStub
from strategic_memory_client.streams.failover import Failover
from strategic_memory_client.streams.stream_attempt import StreamAttempt
from strategic_memory_client.transports.asynchronous.stream import AsyncStream, is_being_cancelled
from strategic_memory_client.transports.channel_settings import Shown, channel_arguments
from strategic_memory_client.transports.connection_use import ConnectionUse
from strategic_memory_client.transports.connections import Connections, Dialled
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.options import ClientOptions
from strategic_memory_client.wire.contract_bounds import require_portfolio, require_within_contract
from strategic_memory_client.wire.health_check import CHECK_METHOD
from strategic_memory_client.wire.status_table import client_of_another_loop, closed_client, error_of, forked_client

if TYPE_CHECKING:
    from strategic_memory.v1.service_pb2_grpc import StrategicMemoryServiceAsyncStub

_Response = TypeVar("_Response")
_Advising = TypeVar("_Advising", service_pb2.GetFeedbackResponse, service_pb2.AnalyzeResponse)
_log = logging.getLogger("strategic_memory_client")


@dataclass(frozen=True, slots=True, eq=False)
class AsyncConnection(Dialled):
    """A channel to one server, with what it was made from."""

    channel: grpc.aio.Channel
    service: StrategicMemoryServiceAsyncStub
    check_health: grpc.aio.UnaryUnaryMultiCallable[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]
    portfolio: str

    async def get_feedback(self, within_s: float) -> service_pb2.GetFeedbackResponse:
        """Ask for the feedback in force. Raises InvalidAnswerError for what the contract rules out."""
        request = service_pb2.GetFeedbackRequest(portfolio=self.portfolio)
        return await self._checked(self.service.GetFeedback(request, timeout=within_s, metadata=self.metadata))

    async def analyze(self, request: service_pb2.AnalyzeRequest, within_s: float) -> service_pb2.AnalyzeResponse:
        """Ask for an analysis. Raises as `get_feedback`."""
        return await self._checked(self.service.Analyze(request, timeout=within_s, metadata=self.metadata))

    async def _checked(self, asking: Awaitable[_Advising]) -> _Advising:
        answer = await asking
        require_portfolio(answer.portfolio, self.portfolio, self.address)
        require_within_contract(answer.feedback, self.address)
        return answer


class AsyncTransport:
    """Everything that is open towards the service, in one event loop."""

    def __init__(self, addresses: tuple[str, ...], options: ClientOptions) -> None:
        """Connect to nothing yet."""
        self._addresses = addresses
        self._connections = Connections(options, partial(_connected, options))
        self._streams: set[AsyncStream] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._preferred = 0
        self._process_id = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closing = asyncio.Event()
        """Set once the transport is being closed."""

    async def call(self, ask: Callable[[AsyncConnection, float], Awaitable[_Response]], timeout_s: float) -> _Response:
        """Return what `ask` gets over a connection within the seconds it is given; ask each server in turn.

        Raises StrategicMemoryError.
        """
        failover = Failover(self._addresses, self._preferred, timeout_s, monotonic())
        while True:
            try:
                response = await self.call_server(ask, failover.address, failover.timeout_s(monotonic()))
            except StrategicMemoryError as error:
                failover.failed(error)
            else:
                self._preferred = failover.address_index
                return response

    async def call_server(
        self, ask: Callable[[AsyncConnection, float], Awaitable[_Response]], address: str, timeout_s: float
    ) -> _Response:
        """Return what `ask` gets from this server, and from no other. Raises StrategicMemoryError."""
        self.require_open()
        connection = self._connections.take(address)
        try:
            response = await ask(connection, timeout_s)
        except grpc.RpcError as failure:
            error = error_of(failure, address)
            self._connections.failed(connection, error)
            raise error from failure
        except (asyncio.CancelledError, grpc.aio.UsageError) as failure:
            # Closing the channel looks like a cancellation to whoever waits for an answer on it.
            if self.closing.is_set() and not is_being_cancelled():
                raise closed_client() from failure
            self._connections.left(connection)
            raise
        else:
            connection.use.answered()
            return response
        finally:
            if self._connections.give_back(connection):
                await connection.channel.close()
                self._connections.forget(connection)

    @asynccontextmanager
    async def stream(self, attempt: StreamAttempt, silence_timeout_s: float) -> AsyncGenerator[AsyncStream]:
        """Open the stream, on a connection of its own; close both at the end. Raises StrategicMemoryError."""
        self.require_open()
        connection = self._connections.dial(attempt.address)
        stream = AsyncStream(connection.channel, connection.metadata, attempt, silence_timeout_s)
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._streams.discard(stream)
            await stream.close()

    def require_here(self) -> None:
        """Raise ClientClosedError in a process that was forked off, SharedClientError in a second event loop."""
        if os.getpid() != self._process_id:
            raise forked_client()
        if self._is_elsewhere():
            raise client_of_another_loop()

    def require_open(self) -> None:
        """Raise as `require_here`, and ClientClosedError when the transport was closed."""
        self.require_here()
        if self.closing.is_set():
            raise closed_client()

    def start_task(self, run: Callable[[], Coroutine[None, None, None]], name: str) -> asyncio.Task[None]:
        """Run in the background; `close` cancels it. Raises RuntimeError outside of an event loop."""
        task = asyncio.get_running_loop().create_task(run(), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    async def wait_for_closing(self, timeout_s: float) -> None:
        """Wait until the transport is being closed, at most `timeout_s` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, timeout_s)):
                await self.closing.wait()

    async def close(self) -> None:
        """End every call, stream and task and close every connection. Any number of times, also at once."""
        if os.getpid() != self._process_id:
            return  # what is open belongs to the process that opened it
        if self._is_elsewhere():
            _log.warning("not closed: %s", client_of_another_loop())
            return
        self.closing.set()
        others = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # One by one: should this be cancelled, the next `close` goes on with what is left.
        for stream in list(self._streams):
            await stream.close()
        while connection := self._connections.pop():
            await connection.channel.close()

    def _is_elsewhere(self) -> bool:
        """Tell whether another loop runs than the one that was the first to use this."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False  # nothing is used yet, until it is in a loop
        if self._loop is None:
            self._loop = loop
        return self._loop is not loop

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("%s ended unexpectedly", task.get_name(), exc_info=error)


def _connected(options: ClientOptions, address: str, shown: Shown, use: ConnectionUse) -> AsyncConnection:
    arguments = channel_arguments(options)
    if shown.tls is None:
        channel = grpc.aio.insecure_channel(address, options=arguments)
    else:
        channel = grpc.aio.secure_channel(address, shown.tls.credentials(), options=arguments)
    return AsyncConnection(
        address,
        shown,
        use,
        channel,
        StrategicMemoryServiceStub(channel),
        channel.unary_unary(
            CHECK_METHOD,
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        ),
        options.portfolio,
    )
