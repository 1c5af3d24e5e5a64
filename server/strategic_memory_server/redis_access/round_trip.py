"""Several commands in one round trip, at less cost than the client library's pipeline.

The library takes a timeout and a lookup of a callback for every reply, which for the many small replies of a sync cycle
takes as long as Redis itself. Here the commands are sent as bytes, one timeout holds for all replies, and a reply is
given as it comes: nested lists of bytes and whole numbers, or the error.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import redis.asyncio as redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoPermissionError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from strategic_memory_server.faults.given_twice import GIVEN_AGAIN
from strategic_memory_server.redis_access.pending_cancellation import cancellations, raise_if_cancelled
from strategic_memory_server.waiting.last_look import LAST_LOOK_S

Reply = Any
Entry = tuple[bytes, dict[bytes, bytes]]

_second: Callable[[Any], Any] = itemgetter(1)


def packed(*parts: str | int | bytes) -> bytes:
    """Write one command as Redis reads it (RESP)."""
    return b"*%d\r\n%b" % (len(parts), packed_parts(*parts))


def packed_parts(*parts: str | int | bytes) -> bytes:
    """Write some parts of a command; all of them follow their number, see `packed`."""
    encoded = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in encoded])


def nothing() -> None:
    """Do nothing."""


class _End:
    """Ends a wait for replies: once its time is over, and the event loop has looked once more for what has come.

    Where the process stood still for as long, the reply may lie in its socket.
    """

    __slots__ = ("_loop", "_timer", "_waiting")

    def __init__(self, waiting: asyncio.Timeout) -> None:
        self._loop, self._waiting = asyncio.get_running_loop(), waiting
        self._timer: asyncio.TimerHandle | None = None

    def at(self, when_s: float) -> None:
        self.put_off()
        if self._waiting.when() is not None:
            self._waiting.reschedule(None)
        self._timer = self._loop.call_at(when_s, self._look_once_more)

    def put_off(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look_once_more(self) -> None:
        self._waiting.reschedule(self._loop.time() + LAST_LOOK_S)


async def round_trip(
    client: redis.Redis, commands: Sequence[bytes], patience: float = 1.0, meanwhile: Callable[[], None] = nothing
) -> list[Reply]:
    """Send commands and give their replies in the same order; an error of a command stands in its place.

    A task that is cancelled meanwhile goes no further, whenever that happens: who reads page after page stops.

    Args:
        client: how Redis is reached.
        commands: what to send.
        patience: how many times longer than usual each reply but the first may take.
        meanwhile: is called once they are sent, while Redis works on them; it must not fail.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached, or did not answer in time.
    """
    cancelled_before = cancellations()
    pool = client.connection_pool
    get_connection: Callable[[], Awaitable[AbstractConnection]] = pool.get_connection
    connection = await get_connection()
    read = connection.read_response
    replies: list[Reply] = []
    now_s = asyncio.get_running_loop().time
    timeout_s = connection.socket_timeout
    waiting = asyncio.timeout(None)
    end = _End(waiting)
    try:
        async with waiting:
            moved_s = now_s()
            if timeout_s:
                end.at(moved_s + timeout_s)
            await connection.send_packed_command(commands)
            meanwhile()
            for _ in commands:
                try:
                    # One timeout is there already.
                    replies.append(await read(timeout=math.inf))
                except ResponseError as error:
                    # Its traceback leads to this frame and so back to all replies, which would stay until the collector
                    # of garbage looks: it counts objects, and not how large they are.
                    replies.append(error.with_traceback(None))
                # What arrives shows that there is a Redis: the time is for each reply.
                if timeout_s and (patience > 1.0 or now_s() - moved_s > timeout_s / 4):
                    moved_s = now_s()
                    end.at(moved_s + timeout_s * patience)
    except TimeoutError:
        raise RedisTimeoutError("Timeout reading from Redis") from None
    finally:
        end.put_off()
        if len(replies) < len(commands):
            # What is still to come must not be taken for the answer to something else.
            await connection.disconnect(nowait=True)
        await pool.release(connection)
    raise_if_cancelled(cancelled_before)
    return replies


def checked(reply: Reply, key: str, kind: str) -> Reply:
    """Return a reply that is no error; one about the type of the key, or about the right to it, names the key.

    Args:
        reply: a reply.
        key: the key that it is about.
        kind: what the service keeps there.

    Raises:
        redis.exceptions.ResponseError: it is an error.
    """
    if isinstance(reply, ResponseError) and str(reply).startswith("WRONGTYPE"):
        raise ResponseError(
            f"WRONGTYPE {key} holds another type where this service keeps a {kind}: rename or delete it"
        )
    if isinstance(reply, NoPermissionError) and " to access " in str(reply):
        raise NoPermissionError(f"{reply} ({key})")
    if isinstance(reply, Exception):
        raise reply
    return reply


def stream_entries(reply: Reply) -> list[Entry]:
    """Return the entries of an XRANGE or XREVRANGE reply; an entry that was deleted meanwhile has no fields.

    Which of several values of one field its producer means cannot be known: all are kept, see GIVEN_AGAIN.
    """
    # There are many of these. Nothing is copied, and to name an argument of zip would take nearly half as long again.
    entries = [(entry_id, dict(zip(part := iter(parts), part))) for entry_id, parts in reply if parts]  # noqa: B905
    if 2 * sum(map(len, map(_second, entries))) < sum(map(len, filter(None, map(_second, reply)))):
        return [(entry_id, _all_values(parts)) for entry_id, parts in reply if parts]
    return entries


def _all_values(parts: Sequence[bytes]) -> dict[bytes, bytes]:
    values: dict[bytes, dict[bytes, None]] = {}
    for field, value in zip(parts[::2], parts[1::2], strict=True):
        values.setdefault(field, {})[value] = None
    return {field: GIVEN_AGAIN.join(given) for field, given in values.items()}


async def arrived_after(
    client: redis.Redis, cursors: Mapping[str, str], *, block_ms: int, count: int | None = None
) -> dict[str, list[Entry]]:
    """Wait for entries of streams that came after a cursor each, and give them by key; none: none came in time.

    Args:
        client: must bear reads that block for so long.
        cursors: id to read on from, by key.
        block_ms: longest wait, milliseconds, from 1.
        count: most entries of each stream; None: all.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
    """
    return (await arrived_with(client, cursors, (), block_ms=block_ms, count=count))[0]


async def arrived_with(
    client: redis.Redis,
    cursors: Mapping[str, str],
    behind: Sequence[bytes],
    *,
    block_ms: int,
    count: int | None = None,
) -> tuple[dict[str, list[Entry]], list[Reply]]:
    """Wait as `arrived_after` does; give the replies to commands, too, that Redis runs as soon as the wait is over."""
    limit = () if count is None else ("COUNT", count)
    command = packed("XREAD", *limit, "BLOCK", block_ms, "STREAMS", *cursors, *cursors.values())
    reply, *replies = await round_trip(client, [command, *behind])
    return _entries_by_key(reply), replies


async def arrived_by(client: redis.Redis, command: bytes) -> dict[str, list[Entry]]:
    """Give what an XREAD finds, as `arrived_after` does."""
    (reply,) = await round_trip(client, [command])
    return _entries_by_key(reply)


def _entries_by_key(reply: Reply) -> dict[str, list[Entry]]:
    if isinstance(reply, Exception):
        raise reply
    return {key.decode(): stream_entries(entries) for key, entries in reply or ()}


def pairs(reply: Reply) -> dict[bytes, Reply]:
    """Return the names and values of a reply that is a flat list of both, or a map (RESP3) already."""
    return reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))
