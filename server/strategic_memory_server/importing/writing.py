"""Writes entries of the past into their stream, once: what is there is left, and nothing goes behind what is newer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import redis.asyncio as redis
from redis.exceptions import ResponseError

from strategic_memory_server.columns.stream_position import Id, id_of, shown_id
from strategic_memory_server.entries.entry_fields import Fields
from strategic_memory_server.entries.input_keys import key_of
from strategic_memory_server.redis_access.round_trip import packed, round_trip, stream_entries

PAGE = 1_000

Written = Callable[[int], None]
"""Told how many entries more are in place."""


class PastEntries(Protocol):
    """Entries of one stream, oldest first, each with the id that it gets."""

    @property
    def source(self) -> str:
        """The stream, without the prefix."""

    def __len__(self) -> int: ...

    def id_at(self, place: int) -> Id:
        """Return the id of an entry."""

    def fields_at(self, place: int) -> Fields:
        """Return the fields of an entry."""


class BehindError(Exception):
    """A stream holds newer entries than some that are to be written. The message says what to do."""


async def places_to_write(client: redis.Redis, prefix: str, past: PastEntries) -> int:
    """Return from which place on the entries are not in the stream yet.

    Raises:
        BehindError: some that would come before entries that are there are not among these.
        redis.exceptions.RedisError, OSError: Redis could not be reached, or the key is no stream.
    """
    key = key_of(prefix, past.source)
    (newest,) = await round_trip(client, [packed("XREVRANGE", key, "+", "-", "COUNT", 1)])
    _raise(newest)
    if not newest:
        return 0
    last = id_of(newest[0][0])
    place, start = 0, past.id_at(0)
    while place < len(past) and past.id_at(place) <= last:
        (reply,) = await round_trip(client, [packed("XRANGE", key, shown_id(start), "+", "COUNT", PAGE)])
        _raise(reply)
        found = {id_of(entry_id): fields for entry_id, fields in stream_entries(reply)}
        end = max(found, default=last)
        while place < len(past) and past.id_at(place) <= end:
            if found.get(past.id_at(place)) != past.fields_at(place):
                raise BehindError(_behind(key, past, place, last))
            place += 1
        start = (end[0], end[1] + 1)
    return place


async def write(client: redis.Redis, prefix: str, past: PastEntries, begin: int, written: Written) -> None:
    """Add the entries from a place on, in pages, each whole or not at all. Where it was cut off, another call goes on.

    Raises:
        BehindError: somebody has added a newer entry meanwhile.
        redis.exceptions.RedisError, OSError: Redis could not be reached, or refused.
    """
    key, place = key_of(prefix, past.source), begin
    while place < len(past):
        end = min(place + PAGE, len(past))
        refused = await _refused(client, key, past, range(place, end))
        if refused is not None:
            # What came meanwhile may be these very entries: a page that got no answer before, and arrived late.
            end = await places_to_write(client, prefix, past)
            if end <= refused:
                raise BehindError(_behind(key, past, refused, None))
        written(end - place)
        place = end


async def _refused(client: redis.Redis, key: str, past: PastEntries, places: range) -> int | None:
    """Add a page; return the place of the first entry that comes behind what is there, or None."""
    # A Redis that is full for a moment would refuse some, and take what comes after them.
    commands = [packed("MULTI"), *(_command(key, past, place) for place in places), packed("EXEC")]
    *queued, replies = await round_trip(client, commands, patience=20.0)
    for reply in (*queued, replies):
        _raise(reply)
    refused = None
    for place, reply in zip(places, replies, strict=True):
        if isinstance(reply, ResponseError) and "equal or smaller" in str(reply):
            refused = place if refused is None else refused
        else:
            _raise(reply)
    return refused


def _command(key: str, past: PastEntries, place: int) -> bytes:
    fields = [part for pair in past.fields_at(place).items() for part in pair]
    return packed("XADD", key, shown_id(past.id_at(place)), *fields)


def _behind(key: str, past: PastEntries, place: int, last: Id | None) -> str:
    until = "newer entries" if last is None else f"entries up to {_shown(last[0])}"
    return (
        f"{key} holds {until}, and the files an entry of {_shown(past.id_at(place)[0])} that it does not hold. Entries "
        "count in the order of their ids, so the past goes in before anything newer: import into empty streams, with "
        "another --key-prefix for example, or leave the older rows out of the files."
    )


def _shown(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _raise(reply: object) -> None:
    if isinstance(reply, Exception):
        raise reply
