"""SaidLog: reads and writes the stream of what operators say about the advice, for any server.

Two operators never overwrite each other unseen: an entry is written only where the newest number is the one that its
writer has read, and the stream takes no number twice. Nor is one written that stood still on its way: who said it has
been told that it is not known, and has looked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import redis.asyncio as redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from strategic_memory_server.advice.intervention import NO_INTERVENTION, Intervention
from strategic_memory_server.redis_access.redis_clock import unix_time_ms
from strategic_memory_server.redis_access.redis_script import Argument
from strategic_memory_server.redis_access.round_trip import Entry, checked, packed, round_trip, stream_entries
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.intervention_text import (
    intervention_of,
    intervention_of_text,
    intervention_text,
    said_text,
)
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_scripts import register_script

HIGHEST_NUMBER = 10**15 - 1
"""Numbers stay below what a script counts exactly; `intervene.lua` knows it too."""


_STANDSTILL_MS = 15_000
"""Where so much has passed here since it was said, this server stood still, and what it says is late."""


class ConflictError(Exception):
    """Something else was said meanwhile."""


class MovedError(Exception):
    """What is to be held is not in force any more."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What an operator says, for people: who, by which call, and why.

    `at_ms` is when they said it by the clock of Redis, milliseconds since 1970-01-01 UTC; None: now.
    """

    by: str
    what: str
    reason: str
    at_ms: int | None = None


def entry_number(entry_id: bytes) -> int:
    """Return the number of an entry. Raises MalformedFeedbackError: it is of another program."""
    revision, _, part = entry_id.partition(b"-")
    if part != b"0" or not 0 < (number := int(revision)) <= HIGHEST_NUMBER:
        raise MalformedFeedbackError("it is of another program")
    return number


def said_in(entry: Entry) -> Intervention:
    """Read an entry of the stream. Raises MalformedFeedbackError."""
    entry_id, fields = entry
    return intervention_of(entry_number(entry_id), fields.get(b"intervention", b""))


class SaidLog:
    """The stream under one key prefix.

    Args:
        client: how Redis is reached; must return bytes (`decode_responses=False`).
        prefix: what every key starts with.
        clock_ms: the time by the clock of Redis, as far as it is known, milliseconds since 1970-01-01 UTC.
    """

    def __init__(self, client: redis.Redis, prefix: str, clock_ms: Callable[[], int] = unix_time_ms) -> None:
        self._client = client
        self._clock_ms = clock_ms
        self._keys = LogKeys.under(prefix)
        self._write = register_script(client, "intervene")

    def now_ms(self) -> int:
        """Return the time by the clock of Redis, as far as it is known, milliseconds since 1970-01-01 UTC."""
        return self._clock_ms()

    async def newest(self, known: Intervention = NO_INTERVENTION) -> Intervention:
        """Return what operators have said last, whether or not it has ended; what cannot be read is left out.

        Args:
            known: what is known to have been acted upon: Redis can have lost it, and whoever leads holds on to it.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        entries, written = await self._read()
        return _newest(entries, max(written, known, key=_number))

    async def newest_text(self, now_ms: int) -> bytes | None:
        """Return what operators have said last as text, for whoever carries it elsewhere; None where it has ended.

        What a later version has said cannot be read here, and may hold: it is carried as it was written. Raises as
        `newest`.
        """
        entries, written = await self._read()
        if entries and (later := _of_later_version(entries[0])) is not None and later[0] > written.number:
            return b"%d %b" % later
        said = _newest(entries, written)
        return None if said.at(now_ms).ends_ms is None else intervention_text(said).encode()

    async def _read(self) -> tuple[list[Entry], Intervention]:
        """Return the newest entry, if there is one, and what is known to have been acted upon."""
        keys = self._keys
        newest, state = await round_trip(
            self._client,
            [
                packed("XREVRANGE", keys.interventions, "+", "-", "COUNT", 1),
                packed("HMGET", keys.state, "intervention"),
            ],
        )
        entries = stream_entries(checked(newest, keys.interventions, "stream"))
        (text,) = checked(state, keys.state, "hash")
        return entries, intervention_of_text(text or b"") or NO_INTERVENTION

    async def write(self, intervention: Intervention, said: AuditEntry, *, is_new_freeze: bool = False) -> None:
        """Write what holds from now on, under the number after the one that was read.

        Args:
            intervention: what holds.
            said: who says it, and why.
            is_new_freeze: whether the revision that it holds has to be in force still.

        Raises:
            ConflictError: something else was said meanwhile; nothing was written.
            MovedError: what is to be held is not in force any more; nothing was written.
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused. Whether it was written is not
                known then; half a minute later it is not written any more.
        """
        freeze = intervention.freeze if is_new_freeze else None
        args: dict[str, Argument] = {
            "expected_number": intervention.number - 1,
            "number": intervention.number,
            "intervention": said_text(intervention),
            "by": said.by,
            "what": said.what,
            "reason": said.reason,
            "frozen_epoch": freeze.epoch if freeze else "",
            "frozen_revision": freeze.revision if freeze else "",
        }
        keys = self._keys.of("interventions", "state")
        asked_ms = self._clock_ms() if said.at_ms is None else said.at_ms
        reply = await self._write(keys, {**args, "asked_ms": asked_ms})
        if reply[0] == b"late" and self._clock_ms() - asked_ms < _STANDSTILL_MS:
            # Who still waits for the answer is not late: the clock is off by which it was asked.
            reply = await self._write(keys, {**args, "asked_ms": int(reply[1])})
        if reply[0] == b"conflict":
            raise ConflictError
        if reply[0] == b"moved":
            raise MovedError
        if reply[0] == b"late":
            raise RedisTimeoutError("What an operator says has reached Redis too late, and was not written")


def _newest(entries: list[Entry], acted_upon: Intervention) -> Intervention:
    if not entries:
        return acted_upon
    try:
        said = said_in(entries[0])
    except MalformedFeedbackError:
        # It takes a number all the same, where it leaves room for more, and what is acted upon holds.
        taken = _digits(entries[0][0])
        return acted_upon if taken >= HIGHEST_NUMBER else replace(acted_upon, number=max(acted_upon.number, taken))
    return max(said, acted_upon, key=_number)


def _of_later_version(entry: Entry) -> tuple[int, bytes] | None:
    """Return number and text of an entry as this service writes them, but for what the text says; else None."""
    entry_id, fields = entry
    try:
        number, text = entry_number(entry_id), fields[b"intervention"]
    except (MalformedFeedbackError, KeyError):
        return None
    try:
        intervention_of(number, text)
    except MalformedFeedbackError:
        return number, text
    return None


def _number(said: Intervention) -> int:
    return said.number


def _digits(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])
