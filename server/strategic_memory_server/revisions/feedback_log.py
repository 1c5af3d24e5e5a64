"""FeedbackLog: the durable log in Redis, which is the truth about what was said.

The log is a stream with one entry per revision, whose id is `<revision>-0`, so a revision is found without an index
and the stream itself refuses a double. Beside it are the state (epoch, newest revision, validity), the key with the
newest feedback, and the pulse: a short stream that carries each change of the validity to whoever tails the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import redis.asyncio as redis
import structlog

from strategic_memory_server.feedback import Feedback, Times
from strategic_memory_server.redis_access.redis_replies import StreamEntries, entries_of
from strategic_memory_server.revisions.feedback_json import (
    MalformedFeedbackError,
    decode_feedback,
    encode_event,
    encode_feedback,
    read_count,
    read_time_ms,
)

logger = structlog.get_logger(__name__)


STATE_FIELDS = [
    "epoch",
    "revision",
    "epoch_start",
    "oldest_revision",
    "computed_at_ms",
    "data_as_of_ms",
    "valid_until_ms",
]
"""Fields of the state and of each pulse."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Names of the outputs in Redis."""

    feedback: str
    log: str
    events: str
    state: str
    pulse: str

    @classmethod
    def under(cls, prefix: str) -> LogKeys:
        """Give the names under a key prefix."""
        return cls(
            feedback=f"{prefix}:feedback:strategic_memory",
            log=f"{prefix}:stream:strategic_feedback",
            events=f"{prefix}:events:strategic_feedback",
            state=f"{prefix}:feedback:strategic_memory:state",
            pulse=f"{prefix}:stream:strategic_feedback:pulse",
        )


@dataclass(frozen=True, slots=True)
class LogState:
    """Where the log stands.

    Attributes:
        epoch: name of the log.
        revision: newest revision; in an epoch without a publication, the one that it goes on above.
        oldest_revision: oldest retained revision of the epoch; 0 when there is none.
        times: times of the newest feedback.
        epoch_start: first revision of the epoch, whether or not it has been published yet.
    """

    epoch: str
    revision: int
    oldest_revision: int = 0
    times: Times = field(default_factory=Times)
    epoch_start: int = 1

    @classmethod
    def from_replies(cls, replies: Sequence[bytes | None]) -> LogState:
        """Read the values of STATE_FIELDS as Redis gives them; None or empty: not known.

        Raises:
            MalformedFeedbackError: somebody else wrote to them.
        """
        epoch, revision, start, oldest, *times = (reply or b"" for reply in replies)
        try:
            return cls(
                epoch.decode(),
                read_count(int(revision)),
                read_count(int(oldest or 0)),
                Times(*(read_time_ms(int(time)) if time else None for time in times)),
                read_count(int(start or 1)),
            )
        except ValueError as error:
            raise MalformedFeedbackError("the state of the feedback log cannot be read") from error


@dataclass(frozen=True, slots=True)
class LogSnapshot:
    """The log at one moment.

    Attributes:
        state: where it stands; None when nobody has opened it yet.
        recent: newest feedbacks, oldest first, of the state's epoch.
        log_cursor: id of the newest log entry, to read on from.
        pulse_cursor: id of the newest pulse, to read on from.
    """

    state: LogState | None
    recent: tuple[Feedback, ...]
    log_cursor: str
    pulse_cursor: str


class FeedbackLog:
    """Reads and writes the log. The client must return bytes (`decode_responses=False`)."""

    def __init__(self, client: redis.Redis, prefix: str, retained_revisions: int) -> None:
        self.keys = LogKeys.under(prefix)
        self._client = client
        self._retained = retained_revisions
        scripts = resources.files("strategic_memory_server.revisions") / "scripts"
        prelude = (scripts / "prelude.lua").read_text()
        self._open = client.register_script(prelude + (scripts / "open.lua").read_text())
        self._publish = client.register_script(prelude + (scripts / "publish.lua").read_text())
        self._confirm = client.register_script(prelude + (scripts / "confirm.lua").read_text())

    async def open(self, epoch_if_new: str, above: int = 0) -> LogState:
        """Make sure that the log has an epoch, and tell where it stands; a new epoch goes on above a revision."""
        replies = await self._open(keys=[self.keys.state, self.keys.log], args=[epoch_if_new, above])
        return LogState.from_replies(replies)

    async def publish(self, feedback: Feedback, expected: LogState) -> bool:
        """Write a feedback as the next revision; False when the log is not where `expected` says."""
        reply = await self._publish(
            keys=[self.keys.state, self.keys.log, self.keys.feedback, self.keys.pulse],
            args=[
                expected.epoch,
                expected.revision,
                feedback.epoch,
                feedback.revision,
                encode_feedback(feedback),
                encode_event(feedback),
                self.keys.events,
                self._retained,
                *_times(feedback),
            ],
        )
        if reply[0] != b"published":
            return False
        if reply[1]:
            logger.warning(
                "Feedback event not sent; the feedback itself is published",
                channel=self.keys.events,
                error=reply[1].decode(errors="replace"),
            )
        return True

    async def confirm(self, feedback: Feedback) -> bool:
        """Renew the times of the newest feedback; False when it is not the newest any more."""
        reply = await self._confirm(
            keys=[self.keys.state, self.keys.log, self.keys.feedback, self.keys.pulse],
            args=[
                feedback.epoch,
                feedback.revision,
                encode_feedback(feedback),
                *_times(feedback),
            ],
        )
        return bool(reply[0] == b"confirmed")

    async def read_state(self) -> LogState | None:
        """Tell where the log stands; None when nobody has opened it yet."""
        return _state(await self._client.hmget(self.keys.state, STATE_FIELDS))

    async def snapshot(self, recent: int) -> LogSnapshot:
        """Read state, newest feedbacks and cursors at one moment."""
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.hmget(self.keys.state, STATE_FIELDS)
            pipeline.xrevrange(self.keys.log, count=recent)
            pipeline.xrevrange(self.keys.pulse, count=1)
            state_reply, newest, pulses = await pipeline.execute()
        state = _state(state_reply)
        return LogSnapshot(
            state=state,
            recent=contiguous_tail(decode_entries(newest[::-1]), state),
            log_cursor=newest[0][0].decode() if newest else "0-0",
            pulse_cursor=pulses[0][0].decode() if pulses else "0-0",
        )

    async def read_after(self, revision: int, count: int) -> list[Feedback]:
        """Read up to `count` retained feedbacks that came after a revision, oldest first."""
        entries = await self._client.xrange(self.keys.log, min=f"{revision + 1}-0", count=count)
        return decode_entries(entries_of(entries))


def decode_entries(entries: StreamEntries) -> list[Feedback]:
    """Read log entries; those that are not a feedback are left out, and the first of them is logged."""
    feedbacks = []
    unreadable = []
    for entry_id, fields in entries:
        try:
            feedbacks.append(decode_feedback(fields.get(b"feedback", b"")))
        except MalformedFeedbackError as error:
            unreadable.append((entry_id.decode(), str(error)))
    if unreadable:
        first_id, why = unreadable[0]
        logger.warning("Feedback log entry is not readable", entry_id=first_id, error=why, entries=len(unreadable))
    return feedbacks


def contiguous_tail(feedbacks: list[Feedback], state: LogState | None) -> tuple[Feedback, ...]:
    """Keep the newest feedbacks that end at the state's revision, follow each other and share its epoch."""
    kept: list[Feedback] = []
    revision = state.revision if state else 0
    for feedback in reversed(feedbacks):
        if state is None or feedback.epoch != state.epoch or feedback.revision != revision:
            break
        kept.append(feedback)
        revision -= 1
    return tuple(reversed(kept))


def _state(reply: list[Any]) -> LogState | None:
    if reply[0] is None or reply[1] is None:
        return None
    return LogState.from_replies(reply)


def _times(feedback: Feedback) -> list[int | str]:
    times = feedback.times
    return [
        "" if time_ms is None else time_ms
        for time_ms in (times.computed_at_ms, times.data_as_of_ms, times.valid_until_ms)
    ]
