"""Admits a bounded number of calls of a method at once; a call more is refused, not queued."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from strategic_memory_server.faults.errors import TooManyCallsError

Behaviour = Callable[[Any, Any], Any]


def admitting(behaviour: Behaviour, path: str, most: int) -> Behaviour:
    """Wrap a behaviour so that at most so many calls of it are in hand.

    Args:
        behaviour: a coroutine function, or an asynchronous generator function.
        path: "/package.Service/Method", to be named in the refusal.
        most: calls admitted at once.
    """
    in_hand = 0

    @contextmanager
    def admitted() -> Iterator[None]:
        nonlocal in_hand
        if in_hand >= most:
            raise TooManyCallsError(path, most)
        in_hand += 1
        try:
            yield
        finally:
            in_hand -= 1

    async def unary(request: object, context: object) -> object:
        with admitted():
            response: object = await behaviour(request, context)
            return response

    async def streaming(request: object, context: object) -> AsyncIterator[object]:
        with admitted():
            async with aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    yield response

    return streaming if inspect.isasyncgenfunction(behaviour) else unary
