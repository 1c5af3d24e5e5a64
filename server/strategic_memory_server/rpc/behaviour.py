"""What answers a call of a method: the shape of it that everything which wraps one agrees on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, cast

from grpc.aio import ServicerContext

CallContext = ServicerContext[Any, Any]

Behaviour = Callable[[Any, CallContext], Awaitable[Any]]
"""Gives what answers a request with its context; a stream of messages is written to the context."""


def writing(behaviour: Callable[[Any, CallContext], AsyncGenerator[Any, None]]) -> Behaviour:
    """Let an asynchronous generator function write what it yields."""

    async def wrapped(request: object, context: CallContext) -> None:
        async with aclosing(behaviour(request, context)) as responses:
            async for response in responses:
                await context.write(response)

    return wrapped


class _WatchedContext:
    def __init__(self, context: CallContext, write: Callable[[Any], Awaitable[None]]) -> None:
        self._context = context
        self.write = write

    def __getattr__(self, name: str) -> object:
        return getattr(self._context, name)


def watched(context: CallContext, write: Callable[[Any], Awaitable[None]]) -> CallContext:
    """Return a context whose messages are written by something else, which writes them to the first."""
    return cast("CallContext", _WatchedContext(context, write))
