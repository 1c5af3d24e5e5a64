"""What answers a call of a method: the shape of it that everything which wraps one agrees on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grpc.aio import ServicerContext

CallContext = ServicerContext[Any, Any]

Behaviour = Callable[[Any, CallContext], Any]
"""A coroutine function, or an asynchronous generator function, of a request and its context."""
