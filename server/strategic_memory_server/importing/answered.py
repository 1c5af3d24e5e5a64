"""Writes under WATCH until it is known what came of them: redis-py tells no lost answer from an overtaken write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.exceptions import BusyLoadingError, WatchError
from redis.exceptions import TimeoutError as NoAnswerError

from strategic_memory_server.redis_access.primary_connection import NotPrimaryError

TRIES = 3

Result = TypeVar("Result")


async def answered(key: str, write: Callable[[bool], Awaitable[Result | None]]) -> Result:
    """Write, and return what came of it.

    Args:
        key: what is written to.
        write: looks what is there and writes, told whether it may have written already; gives None where somebody has
            written in between, or no answer came: one error of redis-py, which the next look tells apart.

    Raises:
        redis.exceptions.TimeoutError: it is not known after `TRIES` of them.
    """
    for number in range(TRIES):
        result = await write(number > 0)
        if result is not None:
            return result
    raise NoAnswerError(f"{key}: of {TRIES} tries each was overtaken by another writer, or got no answer")


def raise_refusal(error: WatchError) -> None:
    """Raise what Redis has said where it has refused: redis-py gives that the name of an overtaken write, too."""
    if isinstance(error.__context__, NotPrimaryError | BusyLoadingError):
        raise error.__context__ from None
