"""TracedCalls: tells of each call, and of each revision that is written to a stream."""

from __future__ import annotations

from collections.abc import Awaitable, Collection

import grpc
from grpc.aio import AbortError

from strategic_memory.v1 import service_pb2
from strategic_memory_server.rpc.behaviour import Behaviour, CallContext, watched
from strategic_memory_server.tracing.tracing import Tracing

_STREAM = "/StreamFeedback"


class TracedCalls:
    """Wraps what answers calls.

    Args:
        tracing: is told.
        untraced: services whose calls nobody is told of.
    """

    def __init__(self, tracing: Tracing, untraced: Collection[str]) -> None:
        self._tracing = tracing
        self._untraced = untraced

    def traced(self, call: Behaviour, path: str) -> Behaviour:
        """Wrap a whole call, a coroutine function that ends with a status or by aborting, of a method."""
        method = path.removeprefix("/")
        if method.split("/")[0] in self._untraced:
            return call
        begin = self._tracing.call

        async def wrapped(request: object, context: CallContext) -> object:
            with begin(method, context.invocation_metadata() or ()) as span:
                code = grpc.StatusCode.CANCELLED
                try:
                    response: object = await call(request, context)
                    code = grpc.StatusCode.OK
                except AbortError:
                    code = context.code()
                    raise
                finally:
                    span.ended_with(code.name)
            return response

        return wrapped

    def traced_delivery(self, behaviour: Behaviour, path: str) -> Behaviour:
        """Wrap what writes the messages of a stream of feedback; any other behaviour stays as it is."""
        if not path.endswith(_STREAM):
            return behaviour
        begin = self._tracing.delivery

        def wrapped(request: object, context: CallContext) -> Awaitable[object]:
            async def write(message: service_pb2.StreamFeedbackResponse) -> None:
                with begin(message.feedback.epoch, message.feedback.revision):
                    await context.write(message)

            return behaviour(request, watched(context, write))

        return wrapped
