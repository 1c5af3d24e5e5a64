"""FeedbackLog: the durable log in Redis, which is the truth about what was said.

The log is a stream with one entry per revision, whose id is `<revision>-0`, so a revision is found without an index
and the stream itself refuses a double. Beside it are the state (epoch, newest revision, validity), the key with the
newest feedback, and the pulse: a short stream that carries each change of the validity to whoever tails the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError, ResponseError

from strategic_memory_server.feedback import Feedback
from strategic_memory_server.leverage_cap import NO_CAPS, LeverageCaps
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.long_memory.memory_store import Note
from strategic_memory_server.problems import TOLD_FOR_S, Problems
from strategic_memory_server.redis_access.reading_pace import ReadingPace
from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.redis_access.round_trip import checked, packed, stream_entries
from strategic_memory_server.redis_access.server_kind import unsupported
from strategic_memory_server.revisions.caps_json import caps_of_text, caps_text
from strategic_memory_server.revisions.feedback_json import encode_event, encode_feedback
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_entries import contiguous_tail, decode_entries
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_opening import Begun, Opening
from strategic_memory_server.revisions.log_scripts import register_script
from strategic_memory_server.revisions.log_state import STATE_FIELDS, LogState, digest_of
from strategic_memory_server.revisions.log_times import key_lives_ms, time_arguments

logger = structlog.get_logger(__name__)

SNAPSHOT_ATTEMPTS = 5
"""How often a snapshot is begun again because the log moved on while it was read."""


EVENT_NOT_SENT = (
    "the user of REDIS_URL lacks +publish or &{channel}: feedback is published all the same, but whoever waits for its "
    "events hears nothing. See docs/redis.md, User and password"
)


class MemoryMovedError(Exception):
    """The long memory stands elsewhere than the note says; nothing was written."""


class DeposedError(Exception):
    """This server may not write to the log any more; the text names who may, and is empty when nobody does."""


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


class FeedbackLog:
    """Reads and writes the log. The client must return bytes (`decode_responses=False`)."""

    def __init__(
        self, client: redis.Redis, prefix: str, retained_revisions: int, problems: Problems | None = None
    ) -> None:
        self.keys = LogKeys.under(prefix)
        self._pace = ReadingPace()
        self._client = client
        self._retained = retained_revisions
        self._problems = problems or Problems()
        self._open = register_script(client, "open")
        self._publish = register_script(client, "publish")
        self._confirm = register_script(client, "confirm")
        self._lapse = register_script(client, "lapse")
        self._remember = register_script(client, "remember")
        self._memory_keys = MemoryKeys.under(prefix)
        self._written: tuple[bytes, Feedback] | None = None

    @property
    def written_head(self) -> str:
        """Digest of the document that this server was the last to try to write; empty: none."""
        return digest_of(self._written[0]) if self._written else ""

    async def open(
        self, claim: Claim, epoch_if_new: str, above: int = 0, written_epoch: str = "", *, anew: bool = False
    ) -> Opening:
        """Make sure that the log has an epoch, and tell where it stands.

        Args:
            claim: what to write under.
            epoch_if_new: name of a new epoch, where one is needed.
            above: a new epoch goes on above this revision.
            written_epoch: epoch that the caller was the last one to write to, as far as it knows; empty: none.
            anew: begin another epoch in any case.

        Raises:
            DeposedError: the claim is not good any more.
        """
        keys = self.keys
        replies = await self._open(
            keys=[keys.state, keys.log, keys.lease, keys.feedback, keys.pulse],
            args=[claim.value, claim.run_id, epoch_if_new, above, written_epoch, "1" if anew else ""],
        )
        _check_refused(replies)
        begun = Begun(replies[1].decode()) if replies[1] else None
        return Opening(LogState.from_replies(replies[2:]), begun)

    async def publish(self, claim: Claim, feedback: Feedback, expected: LogState, note: Note | None = None) -> bool:
        """Write a feedback as the next revision; False when the log is not where `expected` says.

        Args:
            claim: what to write under.
            feedback: what to write.
            expected: where the log is believed to stand.
            note: what to write down of the long memory in the same step.

        Raises:
            DeposedError: the claim is not good any more; nothing was written.
            MemoryMovedError: the long memory stands elsewhere than the note says; nothing was written.
        """
        keys = self.keys
        document = encode_feedback(feedback)
        self._written = document.encode(), feedback
        reply = await self._publish(
            keys=[keys.state, keys.log, keys.feedback, keys.pulse, keys.lease, *self._memory(note)],
            args=[
                claim.value,
                claim.run_id,
                expected.epoch,
                expected.revision,
                feedback.epoch,
                feedback.revision,
                document,
                encode_event(feedback),
                keys.events,
                self._retained,
                *time_arguments(feedback.times),
                key_lives_ms(feedback.times),
                caps_text(feedback.advice.leverage_caps),
                expected.head,
                *(note.arguments() if note else ()),
            ],
        )
        _check_refused(reply)
        if reply[0] != b"published":
            return False
        if not reply[1]:
            self._problems.withdraw("events_not_sent")
        else:
            self._problems.state("events_not_sent", EVENT_NOT_SENT.format(channel=keys.events))
            logger.warning(
                "Feedback event not sent; the feedback itself is published",
                channel=self.keys.events,
                error=reply[1].decode(errors="replace"),
            )
        return True

    async def confirm(self, claim: Claim, feedback: Feedback, expected: LogState, note: Note | None = None) -> bool:
        """Renew the times of the newest feedback; False when the log, or its validity, is not where `expected` says.

        Raises:
            DeposedError, MemoryMovedError: as for `publish`.
        """
        return await self._move_times(claim, feedback, encode_feedback(feedback), expected, note)

    async def withdraw(self, claim: Claim, feedback: Feedback, expected: LogState, note: Note | None = None) -> bool:
        """Say that nothing stands behind the newest feedback any more; False as for `confirm`.

        Raises:
            DeposedError, MemoryMovedError: as for `publish`.
        """
        return await self._move_times(claim, feedback, "", expected, note)

    async def remember(self, claim: Claim, caps: LeverageCaps, note: Note | None = None) -> None:
        """Write down caps on leverage, and the long memory, where there is nothing to say.

        Raises:
            DeposedError, MemoryMovedError: as for `publish`.
        """
        keys = self.keys
        reply = await self._remember(
            keys=[keys.state, keys.lease, *self._memory(note), keys.pulse],
            args=[claim.value, caps_text(caps), *(note.arguments() if note else ())],
        )
        _check_refused(reply)

    async def lapse(self, stale: Feedback) -> bool | None:
        """Put the safe values into the key once the validity of the newest feedback has passed.

        False when the log says something else by now; None when the validity has not passed by the clock of Redis, so
        that it is to be tried again. No claim is needed: nothing new is said.
        """
        times = stale.times
        reply = await self._lapse(
            keys=[self.keys.state, self.keys.feedback],
            args=[stale.epoch, stale.revision, time_arguments(times)[-1], encode_feedback(stale)],
        )
        return None if reply == 2 else bool(reply == 1)

    def _memory(self, note: Note | None) -> tuple[str, str]:
        keys = note.keys if note and note.keys else self._memory_keys
        return keys.evidence, keys.trade_ids

    async def _move_times(
        self, claim: Claim, feedback: Feedback, document: str, expected: LogState, note: Note | None
    ) -> bool:
        keys = self.keys
        reply = await self._confirm(
            keys=[keys.state, keys.log, keys.feedback, keys.pulse, keys.lease, *self._memory(note)],
            args=[
                claim.value,
                claim.run_id,
                expected.epoch,
                expected.revision,
                document,
                *time_arguments(feedback.times),
                key_lives_ms(feedback.times),
                time_arguments(expected.times)[-1],
                "1" if expected.withdrawn else "",
                caps_text(feedback.advice.leverage_caps),
                expected.head,
                *(note.arguments() if note else ()),
            ],
        )
        _check_refused(reply)
        return bool(reply[0] == b"confirmed")

    async def read_state(self) -> LogState | None:
        """Tell where the log stands; None when nobody has opened it yet."""
        return _state(await self._client.hmget(self.keys.state, STATE_FIELDS))

    async def read_caps(self) -> LeverageCaps:
        """Give the caps on leverage that the state names; none where it names none, or cannot be read."""
        try:
            (text,) = await self._client.hmget(self.keys.state, ["leverage_caps"])
        except ResponseError as error:
            # What is written next is refused then, and says which key is in the way.
            if str(error).startswith("WRONGTYPE"):
                return NO_CAPS
            raise
        return caps_of_text(text or b"") or NO_CAPS

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
            return [ask_state, newest, ask_pulse, ask_state]

        for _ in range(SNAPSHOT_ATTEMPTS):
            replies = await self._pace.read(self._client, ask)
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
        """Give the id of the Redis process; empty where the user may not know it."""
        try:
            info: dict[str, object] = await self._client.info("server")
        except ResponseError as error:
            if str(error).startswith("BUSY"):
                raise
            return ""
        if (why := unsupported(info)) is None:
            self._problems.withdraw("redis_unsupported")
        else:
            self._problems.state("redis_unsupported", f"{why}; see docs/redis.md, Which servers")
        return str(info.get("run_id", ""))

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
        return decode_entries(entries, self._written, self._refused)

    def _refused(self, entry_id: str, why: str) -> None:
        sentence = (
            f"entry {entry_id} of {self.keys.log} was written by another program and is not served ({why}); find out "
            "who may write there, see docs/redis.md, Who may write"
        )
        self._problems.state("foreign_log_entry", sentence, for_s=TOLD_FOR_S)


def _state(reply: list[Any]) -> LogState | None:
    if reply[0] is None or reply[1] is None:
        return None
    return LogState.from_replies(reply)


def _check_refused(reply: Sequence[bytes]) -> None:
    if reply[0] == b"deposed":
        raise DeposedError(reply[1].decode(errors="replace"))
    if reply[0] == b"memory moved":
        raise MemoryMovedError("the long memory in Redis was changed by somebody else; it is read again")
