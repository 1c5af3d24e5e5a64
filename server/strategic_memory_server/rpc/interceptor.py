"""The outermost layer of every RPC: counts it, and sees to it that no error leaves the server unmapped.

A handler is wrapped once, when its method is first called; after that a call costs one dictionary look-up more.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc.aio import AbortError, ServicerContext
from prometheus_client import Counter

from strategic_memory_server.errors import InvalidRequestError, StrategicMemoryError, Violation
from strategic_memory_server.monitoring.metrics import RpcMetrics
from strategic_memory_server.rpc.error_table import INTERNAL_MESSAGE, grpc_status_of

Context = ServicerContext[Any, Any]

Behaviour = Callable[[Any, Context], Awaitable[object] | AsyncIterator[object]]

logger = structlog.get_logger(__name__)


class RpcInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every handler of a server."""

    def __init__(self, metrics: RpcMetrics) -> None:
        self._metrics = metrics
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Give the wrapped handler of a method."""
        method = handler_call_details.method
        if (known := self._wrapped.get(method)) is not None:
            return known
        handler = await continuation(handler_call_details)
        # A method that nobody serves has no handler, and gRPC answers UNIMPLEMENTED by itself.
        if handler is not None:
            handler = self._wrapped[method] = _wrap(handler, MethodMetrics(self._metrics, method, handler))
        return handler


class MethodMetrics:
    """The metrics of one method, with their labels looked up once."""

    def __init__(self, metrics: RpcMetrics, method: str, handler: grpc.RpcMethodHandler[Any, Any]) -> None:
        kind = {
            (False, False): "unary",
            (False, True): "server_stream",
            (True, False): "client_stream",
            (True, True): "bidi_stream",
        }[handler.request_streaming, handler.response_streaming]
        _, service, name = method.split("/")
        labels = (kind, service, name)
        self.method = method
        self.started = metrics.started.labels(*labels)
        self.received = metrics.received.labels(*labels)
        self.sent = metrics.sent.labels(*labels)
        self._seconds = metrics.seconds.labels(*labels)
        self._handled = metrics.handled
        self._labels = labels
        self._by_code: dict[grpc.StatusCode, Counter] = {}

    def completed(self, code: grpc.StatusCode, started: float) -> None:
        """Count the end of a call that has started at `time.perf_counter()`."""
        handled = self._by_code.get(code)
        if handled is None:
            handled = self._by_code[code] = self._handled.labels(*self._labels, _dashboard_name(code))
        handled.inc()
        self._seconds.observe(time.perf_counter() - started)


def _wrap(handler: grpc.RpcMethodHandler[Any, Any], metrics: MethodMetrics) -> grpc.RpcMethodHandler[Any, Any]:
    """Wrap the behaviour of a handler; (de)serialisers stay."""
    make: Any
    behaviour: Any
    if handler.request_streaming:
        make, behaviour = (
            (grpc.stream_stream_rpc_method_handler, handler.stream_stream)
            if handler.response_streaming
            else (grpc.stream_unary_rpc_method_handler, handler.stream_unary)
        )
    else:
        make, behaviour = (
            (grpc.unary_stream_rpc_method_handler, handler.unary_stream)
            if handler.response_streaming
            else (grpc.unary_unary_rpc_method_handler, handler.unary_unary)
        )
    if not (inspect.iscoroutinefunction(behaviour) or inspect.isasyncgenfunction(behaviour)):
        return handler
    wrapped = _streaming(behaviour, metrics) if handler.response_streaming else _unary(behaviour, metrics)
    # A message of a request stream is parsed while the behaviour reads it, and the error then passes through `_Call`.
    parse = handler.request_deserializer if handler.request_streaming else _parsing(handler.request_deserializer)
    result: grpc.RpcMethodHandler[Any, Any] = make(
        wrapped,
        request_deserializer=parse,
        response_serializer=handler.response_serializer,
    )
    return result


def _parsing(deserialize: Callable[[bytes], object] | None) -> Callable[[bytes], object] | None:
    """Let bytes that are not a message reach the behaviour as the error itself.

    gRPC would answer them with UNKNOWN and the text of a Python exception.
    """
    if deserialize is None:
        return None

    def parse(raw: bytes) -> object:
        try:
            return deserialize(raw)
        except DecodeError as error:
            return error

    return parse


def _checked(request: object) -> object:
    if isinstance(request, DecodeError):
        raise request
    return request


def _dashboard_name(code: grpc.StatusCode) -> str:
    """Give a status code as the Go server's metrics spell it, for example "InvalidArgument"."""
    unlike_their_name = {grpc.StatusCode.OK: "OK", grpc.StatusCode.CANCELLED: "Canceled"}
    return unlike_their_name.get(code) or code.name.title().replace("_", "")


class _Call:
    """One call in hand: counts its start and its end, and maps the error that ends it."""

    def __init__(self, metrics: MethodMetrics, context: Context) -> None:
        self._metrics = metrics
        self._context = context
        self._started = time.perf_counter()

    async def __aenter__(self) -> None:
        self._metrics.started.inc()
        self._metrics.received.inc()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, DecodeError):
            error = InvalidRequestError(Violation("request", "is not a message of the type that this method takes"))
        if error is None:
            self._metrics.completed(grpc.StatusCode.OK, self._started)
        elif isinstance(error, StrategicMemoryError):
            status = grpc_status_of(error)
            self._metrics.completed(status.code, self._started)
            await self._context.abort(status.code, status.details, status.trailing_metadata)
        elif isinstance(error, AbortError):
            self._metrics.completed(self._context.code(), self._started)
        elif isinstance(error, Exception) or _cancelled_itself(error):
            logger.error("RPC failed by a fault of the program", method=self._metrics.method, exc_info=error)
            self._metrics.completed(grpc.StatusCode.INTERNAL, self._started)
            await self._context.abort(grpc.StatusCode.INTERNAL, INTERNAL_MESSAGE)
        else:
            # The client went away, or the server stops.
            self._metrics.completed(grpc.StatusCode.CANCELLED, self._started)


def _cancelled_itself(error: BaseException) -> bool:
    """Tell a cancellation that came from inside: gRPC would leave the client of such a call waiting."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and not task.cancelling()


def _unary(behaviour: Callable[[Any, Context], Awaitable[Any]], metrics: MethodMetrics) -> Behaviour:
    async def call(request: object, context: Context) -> object:
        async with _Call(metrics, context):
            response: object = await behaviour(_checked(request), context)
            metrics.sent.inc()
            return response

    return call


def _streaming(behaviour: Callable[[Any, Context], AsyncGenerator[Any, None]], metrics: MethodMetrics) -> Behaviour:
    async def call(request: object, context: Context) -> AsyncIterator[object]:
        async with (
            _Call(metrics, context),
            contextlib.aclosing(behaviour(_checked(request), context)) as responses,
        ):
            async for response in responses:
                yield response
                metrics.sent.inc()

    return call
