"""Connections to the service for programs that block: calls over several servers, and streams."""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TypeVar

import grpc
from grpc_health.v1 import health_pb2

from strategic_memory.v1 import service_pb2
from strategic_memory.v1.service_pb2_grpc import StrategicMemoryServiceStub
from strategic_memory_client.streams.failover import Failover
from strategic_memory_client.streams.stream_attempt import StreamAttempt
from strategic_memory_client.transports.channel_settings import Shown, channel_arguments
from strategic_memory_client.transports.connection_use import ConnectionUse
from strategic_memory_client.transports.connections import Connections, Dialled
from strategic_memory_client.transports.synchronous.busy_threads import BusyThreads
from strategic_memory_client.transports.synchronous.executor_threads import StreamReaders
from strategic_memory_client.transports.synchronous.latch import Latch
from strategic_memory_client.transports.synchronous.stream import SyncStream
from strategic_memory_client.values.errors import StrategicMemoryError
from strategic_memory_client.values.options import ClientOptions
from strategic_memory_client.wire.contract_bounds import require_portfolio, require_within_contract
from strategic_memory_client.wire.health_check import CHECK_METHOD
from strategic_memory_client.wire.status_table import closed_client, error_of, forked_client

_Response = TypeVar("_Response")
_Advising = TypeVar("_Advising", service_pb2.GetFeedbackResponse, service_pb2.AnalyzeResponse)

_CLOSE_TIMEOUT_S = 5.0

Wait = Callable[[float], None]
"""Waits for something that ends, at most so many seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Connection(Dialled):
    """A channel to one server, with what it was made from."""

    channel: grpc.Channel
    service: StrategicMemoryServiceStub
    check_health: grpc.UnaryUnaryMultiCallable[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]
    portfolio: str

    def get_feedback(self, within_s: float) -> service_pb2.GetFeedbackResponse:
        """Ask for the feedback in force. Raises InvalidAnswerError for what the contract rules out."""
        request = service_pb2.GetFeedbackRequest(portfolio=self.portfolio)
        return self._checked(self.service.GetFeedback(request, timeout=within_s, metadata=self.metadata))

    def analyze(self, request: service_pb2.AnalyzeRequest, within_s: float) -> service_pb2.AnalyzeResponse:
        """Ask for an analysis. Raises as `get_feedback`."""
        return self._checked(self.service.Analyze(request, timeout=within_s, metadata=self.metadata))

    def _checked(self, answer: _Advising) -> _Advising:
        require_portfolio(answer.portfolio, self.portfolio, self.address)
        require_within_contract(answer.feedback, self.address)
        return answer


class SyncTransport:
    """Everything that is open towards the service. Safe to use from several threads."""

    def __init__(self, addresses: tuple[str, ...], options: ClientOptions) -> None:
        """Connect to nothing yet."""
        self._addresses = addresses
        self._lock = threading.RLock()
        self._connections = Connections(options, partial(_connected, options))
        self._streams: set[SyncStream] = set()
        self._threads: list[threading.Thread] = []
        self._preferred = 0
        self._busy = BusyThreads()
        self._process_id = os.getpid()
        self.readers = StreamReaders(self.close)
        """Threads that wait for a stream or the newest advice."""
        self.closing = Latch()
        """Set once the transport is being closed."""
        self.on_end: Callable[[], list[Wait]] = list
        """What else ends with it, any number of times; returns the waits for that."""

    def call(self, ask: Callable[[Connection, float], _Response], timeout_s: float) -> _Response:
        """Return what `ask` gets over a connection within the seconds it is given; ask each server in turn.

        Raises StrategicMemoryError.
        """
        failover = Failover(self._addresses, self._preferred, timeout_s, monotonic())
        while True:
            try:
                response = self.call_server(ask, failover.address, failover.timeout_s(monotonic()))
            except StrategicMemoryError as error:
                failover.failed(error)
            else:
                self._preferred = failover.address_index
                return response

    def call_server(self, ask: Callable[[Connection, float], _Response], address: str, timeout_s: float) -> _Response:
        """Return what `ask` gets from this server, and from no other. Raises StrategicMemoryError."""
        self.require_here()
        with self._busy, self._lock:
            self.require_open()
            connection = self._connections.take(address)
        try:
            with self._busy:
                response = ask(connection, timeout_s)
        except grpc.RpcError as failure:
            if self.closing.is_set():
                raise closed_client() from failure
            error = error_of(failure, address)
            with self._lock:
                self._connections.failed(connection, error)
            raise error from failure
        except ValueError as failure:
            if self.closing.is_set():  # what gRPC raises on a channel that was closed meanwhile
                raise closed_client() from failure
            raise
        else:
            connection.use.answered()
            return response
        finally:
            with self._busy:
                with self._lock:
                    is_over = self._connections.give_back(connection)
                    if is_over:
                        self._connections.forget(connection)
                if is_over:
                    connection.channel.close()

    @contextmanager
    def stream(self, attempt: StreamAttempt, silence_timeout_s: float) -> Iterator[SyncStream]:
        """Open the stream, on a connection of its own; close both at the end. Raises StrategicMemoryError."""
        self.require_here()  # in a forked process a lock may be held for ever
        with self._busy, self._lock:
            self.require_open()
            connection = self._connections.dial(attempt.address)
            stream = SyncStream(
                connection.channel,
                connection.metadata,
                attempt,
                silence_timeout_s,
                busy=self._busy,
                on_closed=self._forget_stream,
            )
            self._streams.add(stream)
        try:
            self.require_open()  # a signal handler may have closed it right in between
            yield stream
        finally:
            if not self._was_forked():
                stream.close()

    def require_here(self) -> None:
        """Raise ClientClosedError when the transport belongs to another process."""
        if self._was_forked():
            raise forked_client()

    def require_open(self) -> None:
        """Raise ClientClosedError when the transport was closed, or belongs to another process."""
        self.require_here()
        if self.closing.is_set():
            raise closed_client()

    def start_thread(self, run: Callable[[], None], name: str) -> None:
        """Run in the background until `closing` is set; `close` waits for it. Raises ClientClosedError."""
        self.require_here()
        with self._lock:
            self.require_open()
            thread = threading.Thread(target=run, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """End every call and stream and close every connection. Any number of times, from any thread.

        From a signal handler too: what the interrupted thread is in the middle of ends once it goes on.
        """
        if self._was_forked():
            return  # what is open belongs to the process that opened it
        self.closing.set()
        if self._busy.include_this:
            self._end_elsewhere()
        else:
            self._end_and_wait()

    def close_dropped(self) -> None:
        """Close when nobody holds the client any more: by the garbage collector, or as the interpreter ends.

        The collector runs in any thread, even in one of gRPC's, and closing would have to wait for that.
        """
        if self._was_forked():
            return
        self.closing.set()
        main = threading.main_thread()
        if threading.get_ident() == main.ident and not main.is_alive():
            self._end_and_wait()  # the interpreter ends, and does not wait for another thread
        else:
            self._end_elsewhere()

    def _end_elsewhere(self) -> None:
        # Not a `threading.Thread`: its start takes a lock that the interrupted code may hold.
        _thread.start_new_thread(self.end, ())

    def _end_and_wait(self) -> None:
        waits = self.end()
        until_s = monotonic() + _CLOSE_TIMEOUT_S
        for wait in waits:
            wait(max(0.0, until_s - monotonic()))

    def end(self) -> list[Wait]:
        """End everything, soon; return the waits for it, which only a thread of `threading` may call."""
        self.closing.set()
        with self._lock:
            streams, threads = list(self._streams), list(self._threads)
            connections = list(iter(self._connections.pop, None))
        for stream in streams:
            stream.close()
        for connection in connections:
            connection.channel.close()
        return [*(stream.join for stream in streams), *(partial(_join, thread) for thread in threads), *self.on_end()]

    def _forget_stream(self, stream: SyncStream) -> None:
        with self._lock:
            self._streams.discard(stream)

    def _was_forked(self) -> bool:
        return os.getpid() != self._process_id


def _join(thread: threading.Thread, timeout_s: float) -> None:
    if thread is not threading.current_thread():
        thread.join(timeout_s)


def _connected(options: ClientOptions, address: str, shown: Shown, use: ConnectionUse) -> Connection:
    arguments = channel_arguments(options)
    if shown.tls is None:
        channel = grpc.insecure_channel(address, options=arguments)
    else:
        channel = grpc.secure_channel(address, shown.tls.credentials(), options=arguments)
    return Connection(
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
