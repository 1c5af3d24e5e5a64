"""FeedbackLogReader: what is read of the durable log in Redis; see `feedback_log` for what it is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import redis.asyncio as redis
from redis.exceptions import RedisError, ResponseError

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.advice.intervention import Intervention
from strategic_memory_server.advice.override import of_others
from strategic_memory_server.faults.problems import TOLD_FOR_S, Problems
from strategic_memory_server.memory.leverage_cap import NO_CAPS, LeverageCaps
from strategic_memory_server.redis_access.reading_pace import ReadingPace
from strategic_memory_server.redis_access.redis_clock import ASK_TIME, RedisClock
from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip, stream_entries
from strategic_memory_server.redis_access.server_kind import info_fields, unsupported
from strategic_memory_server.redis_access.shared_trips import SharedTrips, way_to
from strategic_memory_server.revisions.caps_json import caps_of_text
from strategic_memory_server.revisions.intervention_text import intervention_of_text
from strategic_memory_server.revisions.log_entries import contiguous_tail, decode_entries
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_state import STATE_FIELDS, LogState, digest_of
from strategic_memory_server.tracing.tracing import OFF, Tracing

LOOKED_AT_FOR_CAPS = 8
"""So many of the newest entries are looked at for caps where the state names none: some may be another program's."""

SNAPSHOT_ATTEMPTS = 5
"""How often a snapshot is begun again because the log moved on while it was read."""


@dataclass(frozen=True, slots=True)
class LogSnapshot:
    """The log at one moment.

    Attributes:
        state: where it stands, with the digest of the newest entry; None when nobody has opened it yet.
        recent: newest feedbacks, oldest first, of the state's epoch.
        log_cursor: id of the newest log entry, to read on from.
        pulse_cursor: id of the newest pulse, to read on from.
        is_vouched_for: whether the state was written by the Redis process that holds it, or by the server that leads
            since that process runs. Redis may have come back without what was said last.
    """

    state: LogState | None
    recent: tuple[Feedback, ...]
    log_cursor: str
    pulse_cursor: str
    is_vouched_for: bool = True


class FeedbackLogReader:
    """Reads the log, and with it the clock of Redis. The client must return bytes (`decode_responses=False`).

    `keys` names another log than the one of the service. `trips` take along what can wait for others.
    """

    def __init__(
        self,
        client: redis.Redis,
        prefix: str,
        problems: Problems | None = None,
        clock: RedisClock | None = None,
        tracing: Tracing = OFF,
        keys: LogKeys | None = None,
        trips: SharedTrips | None = None,
    ) -> None:
        self.keys = keys or LogKeys.under(prefix)
        self._tracing = tracing
        self._client = client
        self._can_wait = way_to(client, trips)
        self._problems = problems or Problems()
        self._clock = clock or RedisClock()
        self._pace = ReadingPace()
        self._written: tuple[bytes, Feedback] | None = None
        """What this server was the last to try to write, as bytes and as what they say; None: nothing."""

    async def read_state(self, *, can_wait: bool = False) -> LogState | None:
        """Tell where the log stands; None when nobody has opened it yet. Where that can wait, it goes with others."""
        asked_ms = self._clock.elapsed_ms()
        commands = [packed("HMGET", self.keys.state, *STATE_FIELDS), ASK_TIME]
        state, told = await (self._can_wait(commands) if can_wait else round_trip(self._client, commands))
        self._clock.take(told, asked_ms)
        return _state(checked(state, self.keys.state, "hash"))

    async def learn_clock(self, written_ms: int | None) -> None:
        """Ask Redis for the time where something that was written just now tells of another clock than is known."""
        if not self._clock.agrees_with(written_ms):
            asked_ms = self._clock.elapsed_ms()
            (told,) = await round_trip(self._client, [ASK_TIME])
            self._clock.take(told, asked_ms)

    async def read_caps(self) -> LeverageCaps:
        """Return the caps on leverage that the state names; those that were said last where it cannot be read.

        Another program may have spoilt it while the key that holds a cap cannot be read either.
        """
        caps = caps_of_text(await self._of_state("leverage_caps"))
        return await self._said_caps() if caps is None else caps

    async def _said_caps(self) -> LeverageCaps:
        try:
            newest_first = await self.read_before(None, LOOKED_AT_FOR_CAPS)
        except ResponseError as error:
            # As of the state.
            if str(error).startswith("WRONGTYPE"):
                return NO_CAPS
            raise
        said = decode_entries(newest_first)
        return of_others(said[0].advice.leverage_caps) if said else NO_CAPS

    async def read_intervention(self) -> Intervention | None:
        """Return what operators have said as the state has it; None where it has nothing, or cannot be read."""
        return intervention_of_text(await self._of_state("intervention"))

    async def _of_state(self, field: str) -> bytes:
        try:
            (text,) = await self._client.hmget(self.keys.state, [field])
        except ResponseError as error:
            # What is written next is refused then, and says which key is in the way.
            if str(error).startswith("WRONGTYPE"):
                return b""
            raise
        return cast("bytes | None", text) or b""

    async def snapshot(self, recent: int) -> LogSnapshot:
        """Read state, newest feedbacks and cursors at one moment; fewer than `recent` where that takes too long.

        Every writer moves the state, so what was read between two equal states was there at one moment. A transaction
        would say so too, but Redis up to 7.0 refuses even reads in one while it is full.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused, or the log changed under every
                attempt.
        """
        keys = self.keys
        ask_state = packed("HMGET", keys.state, *STATE_FIELDS, "run_id")
        ask_pulse = packed("XREVRANGE", keys.pulse, "+", "-", "COUNT", 1)

        def ask() -> list[bytes]:
            newest = packed("XREVRANGE", keys.log, "+", "-", "COUNT", self._pace.entries(recent))
            return [ask_state, newest, ask_pulse, ask_state, ASK_TIME]

        for _ in range(SNAPSHOT_ATTEMPTS):
            asked_ms = self._clock.elapsed_ms()
            *replies, told = await self._pace.read(self._client, ask)
            if any("unknown command" in str(reply) for reply in replies if isinstance(reply, ResponseError)):
                # It may be a server that is not supported, which this tells.
                await self._run_id()
            self._clock.take(told, asked_ms)
            asked = (keys.state, "hash"), (keys.log, "stream"), (keys.pulse, "stream"), (keys.state, "hash")
            before, newest, pulses, after = (
                checked(reply, key, kind) for reply, (key, kind) in zip(replies, asked, strict=True)
            )
            if before == after:
                break
        else:
            raise RedisError("the feedback log changed each time while it was read")
        *state_reply, written_in = after
        # Asked afterwards: where Redis was restarted in between, nobody vouches for what was read.
        run_id = await self._run_id()
        state, entries = _state(state_reply), stream_entries(newest)
        if state is not None:
            head = dict(entries).get(b"%d-0" % state.revision, {}).get(b"feedback", b"")
            state = replace(state, head=digest_of(head) if head else "")
        return LogSnapshot(
            state=state,
            recent=contiguous_tail(decode_entries(entries[::-1], refuse=self._refused), state),
            log_cursor=newest[0][0].decode() if newest else "0-0",
            pulse_cursor=pulses[0][0].decode() if pulses else "0-0",
            is_vouched_for=not (run_id and written_in and written_in.decode() != run_id),
        )

    async def _run_id(self) -> str:
        """Return the id of the Redis process; empty where the user may not know it."""
        (reply,) = await round_trip(self._client, [packed("INFO", "server")])
        if isinstance(reply, Exception):
            if str(reply).startswith("BUSY"):
                raise reply
            return ""
        info = info_fields(reply)
        if (why := unsupported(info)) is None:
            self._problems.withdraw("redis_unsupported")
        else:
            self._problems.state("redis_unsupported", f"{why}; see docs/redis.md, Which servers")
        return info.get("run_id", "")

    async def require_primary(self) -> None:
        """Make sure that this Redis is no replica, by a write that changes nothing.

        Raises:
            NotPrimaryError: it is a replica; the connection is closed, so that the next one may lead elsewhere.
            redis.exceptions.RedisError, OSError: Redis could not be reached.
        """
        await round_trip(self._client, [packed("DEL", f"{self.keys.feedback}:dry_run")])

    async def read_after(self, revision: int, count: int) -> list[Feedback]:
        """Read up to `count` retained feedbacks that came after a revision, oldest first."""
        entries: StreamEntries = []
        while len(entries) < count:
            first = f"({entries[-1][0].decode()}" if entries else f"{revision + 1}-0"
            page, asked = await self._range("XRANGE", first, "+", count - len(entries), is_alive=bool(entries))
            entries.extend(page)
            if len(page) < asked:
                break
        return decode_entries(entries)

    async def read_before(self, entry_id: str | None, count: int) -> StreamEntries:
        """Read up to `count` entries before one (None: from the end), newest first, as they stand in the log."""
        newest = "+" if entry_id is None else f"({entry_id}"
        page, _ = await self._range("XREVRANGE", newest, "-", count, is_alive=entry_id is not None)
        return page

    async def _range(
        self, command: str, first: str, last: str, most: int, *, is_alive: bool
    ) -> tuple[StreamEntries, int]:
        """Read as many entries as arrive in time, and tell how many were asked for."""
        asked = 0

        def ask() -> list[bytes]:
            nonlocal asked
            asked = self._pace.entries(most)
            return [packed(command, self.keys.log, first, last, "COUNT", asked)]

        (reply,) = await self._pace.read(self._client, ask, is_alive=is_alive)
        return stream_entries(checked(reply, self.keys.log, "stream")), asked

    def decode(self, entries: StreamEntries) -> list[Feedback]:
        """Read log entries as `decode_entries` does; bytes that this server wrote last are not taken apart again."""
        self._tracing.received(entries)
        return decode_entries(entries, self._written, self._refused)

    def _refused(self, entry_id: str, why: str) -> None:
        sentence = (
            f"entry {entry_id} of {self.keys.log} was written by another program, or a later version of this one, and "
            f"is not served ({why}); find out who may write there, see docs/redis.md, Who may write"
        )
        self._problems.state("foreign_log_entry", sentence, for_s=TOLD_FOR_S)


def _state(reply: list[Any]) -> LogState | None:
    if reply[0] is None or reply[1] is None:
        return None
    return LogState.from_replies(reply)
