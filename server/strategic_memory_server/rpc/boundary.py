"""The outermost layer of every RPC: counts it, and sees to it that no error leaves the server unmapped.

A handler is wrapped once, when it is added to the server. An interceptor would be asked again for each call.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias, cast

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc.aio import AbortError

from strategic_memory_server.faults.errors import InvalidRequestError, StrategicMemoryError, Violation
from strategic_memory_server.faults.limits import LimitError
from strategic_memory_server.rpc.admission import Admission
from strategic_memory_server.rpc.audit import audited
from strategic_memory_server.rpc.behaviour import Behaviour, CallContext, writing
from strategic_memory_server.rpc.guard import Guard, NobodyAsked
from strategic_memory_server.rpc.rpc_metrics import MethodMetrics, RpcMetrics
from strategic_memory_server.rpc.traced_calls import TracedCalls
from strategic_memory_server.rpc.wire.error_table import INTERNAL_MESSAGE, grpc_status_of
from strategic_memory_server.rpc.wire.unreceived import Unreceived

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_OK = grpc.StatusCode.OK
_now_s = time.perf_counter

logger = structlog.get_logger(__name__)


class Boundary:
    """Stands where generated code adds handlers to a server, and adds them wrapped.

    Args:
        server: gets the handlers.
        metrics: count the calls.
        admission: bounds the calls.
        receiving: methods that receive their request themselves, by "/package.Service/Method": as `Unreceived`.
        guard: lets calls in; None: whoever calls may.
        audited: methods of which each call is written down, by "/package.Service/Method".
        traced: tells of calls; None: nobody is told.
    """

    def __init__(
        self,
        server: grpc.aio.Server,
        metrics: RpcMetrics,
        admission: Admission,
        receiving: Collection[str] = (),
        guard: Guard | NobodyAsked | None = None,
        audited: Collection[str] = (),
        traced: TracedCalls | None = None,
    ) -> None:
        self._server = server
        self._traced = traced
        self._metrics = metrics
        self._admission = admission
        self._receiving = receiving
        self._guard = guard
        self._audited = audited

    @property
    def as_server(self) -> grpc.aio.Server:
        """This object, for functions that ask for a server to add handlers to."""
        return cast("grpc.aio.Server", self)

    def add_generic_rpc_handlers(self, handlers: tuple[grpc.GenericRpcHandler, ...]) -> None:
        """Leave out: the same handlers come by name."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        """Add the handlers of a service, by the names of its methods."""
        wrapped = {name: self._wrapped(f"/{service}/{name}", handler) for name, handler in handlers.items()}
        # Not as registered ones, which the core finds by itself: each call of any method would cost more then for every
        # method of every service, which together is more than it takes to find one by its name here.
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, wrapped),))

    def _wrapped(self, path: str, handler: Handler) -> Handler:
        kind, make, behaviour = _parts(handler)
        if inspect.isasyncgenfunction(behaviour):
            behaviour = writing(behaviour)
        elif not inspect.iscoroutinefunction(behaviour):
            # What a servicer leaves out is generated code, which answers UNIMPLEMENTED.
            return handler
        metrics = self._metrics.of_method(kind, path)
        if self._traced is not None:
            behaviour = self._traced.traced_delivery(behaviour, path)
        behaviour = self._admission.admitting(behaviour, path)
        if self._guard is not None:
            behaviour = self._guard.guarding(behaviour, path, is_stream=handler.response_streaming)
        if path in self._audited:
            behaviour = audited(behaviour, path)
        call = _mapped(behaviour, metrics)
        if self._traced is not None:
            call = self._traced.traced(call, path)
        deserialize = handler.request_deserializer
        serialize = _serializing_once(handler.response_serializer, metrics)
        if path in self._receiving and deserialize is not None:
            # On the wire one request is a stream of one message; as such it comes when the behaviour reads it.
            return grpc.stream_unary_rpc_method_handler(
                _receiving(call, metrics, deserialize), response_serializer=serialize
            )
        result: Handler = make(
            call,
            request_deserializer=_parsing(deserialize, metrics, handler.request_streaming),
            response_serializer=serialize,
        )
        return result


def _parts(handler: Handler) -> tuple[str, Callable[..., Handler], Behaviour]:
    """Return the kind of a handler as metrics name it, what makes another one, and what it does."""
    found: tuple[str, Callable[..., Handler], Any] = {
        (False, False): ("unary", grpc.unary_unary_rpc_method_handler, handler.unary_unary),
        (False, True): ("server_stream", grpc.unary_stream_rpc_method_handler, handler.unary_stream),
        (True, False): ("client_stream", grpc.stream_unary_rpc_method_handler, handler.stream_unary),
        (True, True): ("bidi_stream", grpc.stream_stream_rpc_method_handler, handler.stream_stream),
    }[handler.request_streaming, handler.response_streaming]
    return found


def _parsing(
    deserialize: Callable[[bytes], object] | None, metrics: MethodMetrics, request_streaming: bool
) -> Callable[[bytes], object]:
    """Count the messages, and let bytes that are not one reach the behaviour as the error itself.

    gRPC would answer them with UNKNOWN and the text of a Python exception. A message of a request stream is parsed
    while the behaviour reads it, so the error passes through the behaviour there.
    """

    def parse(raw: bytes) -> object:
        metrics.received += 1
        if deserialize is None:
            return raw
        try:
            return deserialize(raw)
        except DecodeError as error:
            if request_streaming:
                raise
            return error

    return parse


def _serializing_once(serialize: Callable[[Any], bytes] | None, metrics: MethodMetrics) -> Callable[[Any], bytes]:
    """Serialise a message that goes to many callers in a row once, and count how often it is sent.

    A message is never changed after it was sent.
    """
    last: object = None
    raw = b""

    def serialized(message: Any) -> bytes:  # noqa: ANN401  of the handler
        nonlocal last, raw
        metrics.sent += 1
        if message is not last:
            raw, last = message if serialize is None else serialize(message), message
        return raw

    return serialized


def _receiving(behaviour: Behaviour, metrics: MethodMetrics, deserialize: Callable[[bytes], object]) -> Behaviour:
    async def call(_requests: object, context: CallContext) -> object:
        async def read() -> object:
            raw: object = await context.read()
            metrics.received += raw is not grpc.aio.EOF
            return raw

        return await behaviour(Unreceived(read, deserialize), context)

    return call


def _mapped(behaviour: Behaviour, metrics: MethodMetrics) -> Behaviour:
    async def call(request: object, context: CallContext) -> object:
        started_s = _now_s()
        metrics.started += 1
        try:
            if isinstance(request, DecodeError):
                raise request
            response: object = await behaviour(request, context)
        except BaseException as error:
            await _end(error, context, metrics, started_s)
            raise
        metrics.completed(_OK, _now_s() - started_s)
        return response

    return call


async def _end(error: BaseException, context: CallContext, metrics: MethodMetrics, started_s: float) -> None:
    """Count the end of a call by an error, and abort it with what the table says of that."""
    seconds = _now_s() - started_s
    if isinstance(error, DecodeError):
        error = InvalidRequestError(Violation("request", "is not a message of the type that this method takes"))
    if isinstance(error, StrategicMemoryError):
        status = grpc_status_of(error)
        metrics.completed(status.code, seconds)
        if isinstance(error, LimitError):
            metrics.refused(error.limit)
        await context.abort(status.code, status.details, status.trailing_metadata)
    if isinstance(error, AbortError):
        metrics.completed(context.code(), seconds)
    elif _is_fault(error):
        logger.error("RPC failed by a fault of the program", method=metrics.path, exc_info=error)
        metrics.completed(grpc.StatusCode.INTERNAL, seconds)
        await context.abort(grpc.StatusCode.INTERNAL, INTERNAL_MESSAGE)
    else:
        # The client went away, or the server stops.
        metrics.completed(grpc.StatusCode.CANCELLED, seconds)


def _is_fault(error: BaseException) -> bool:
    """Tell a fault of the program from a caller that went away and a server that stops."""
    if isinstance(error, asyncio.CancelledError):
        # One that nobody asked for came from inside; gRPC would leave the client of such a call waiting.
        task = asyncio.current_task()
        return task is not None and not task.cancelling()
    # What gRPC raises where it cannot send any more.
    return isinstance(error, Exception) and not isinstance(error, grpc.aio.InternalError)
