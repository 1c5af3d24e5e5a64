"""FeedbackLog: the durable log in Redis, which is the truth about what was said.

The log is a stream with one entry per revision, whose id is `<revision>-0`, so a revision is found without an index
and the stream itself refuses a double. Beside it are the state (epoch, newest revision, validity), the key with the
newest feedback, and the pulse: a short stream that carries each change of the validity to whoever tails the log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import redis.asyncio as redis
import structlog

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.long_memory.memory_note import Note
from strategic_memory_server.memory.leverage_cap import LeverageCaps
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.redis_access.redis_script import Argument
from strategic_memory_server.redis_access.shared_trips import SharedTrips
from strategic_memory_server.revisions.beside import NOTHING_BESIDE, Beside
from strategic_memory_server.revisions.caps_json import caps_text
from strategic_memory_server.revisions.feedback_json import encode_event, encode_feedback
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.revisions.guard_text import guard_of_text
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_opening import Begun, LogOpening
from strategic_memory_server.revisions.log_scripts import register_script
from strategic_memory_server.revisions.log_state import LogState, digest_of
from strategic_memory_server.revisions.log_times import time_argument
from strategic_memory_server.revisions.write_arguments import common_arguments, flag, require_written
from strategic_memory_server.tracing.tracing import OFF, Tracing

_WRITTEN = ("state", "log", "feedback", "pulse", "lease")

logger = structlog.get_logger(__name__)

EVENT_NOT_SENT = (
    "the user of REDIS_URL lacks +publish or &{channel}: feedback is published all the same, but whoever waits for its "
    "events hears nothing. See docs/redis.md, User and password"
)


class FeedbackLog(FeedbackLogReader):
    """Reads and writes the log. The client must return bytes (`decode_responses=False`)."""

    def __init__(
        self,
        client: redis.Redis,
        prefix: str,
        retained_revisions: int,
        problems: Problems | None = None,
        clock: RedisClock | None = None,
        tracing: Tracing = OFF,
        keys: LogKeys | None = None,
        trips: SharedTrips | None = None,
    ) -> None:
        super().__init__(client, prefix, problems, clock, tracing, keys, trips)
        self._retained = retained_revisions
        self._open = register_script(client, "open")
        self._publish = register_script(client, "publish")
        self._confirm = register_script(client, "confirm", trips)
        self._lapse = register_script(client, "lapse")
        self._remember = register_script(client, "remember")
        self._memory_keys = MemoryKeys.under(prefix)

    @property
    def written_head(self) -> str:
        """Digest of the document that this server was the last to try to write; empty: none."""
        return digest_of(self._written[0]) if self._written else ""

    async def open(
        self,
        claim: Claim,
        epoch_if_new: str,
        above: int = 0,
        written_epoch: str = "",
        *,
        leaving: str = "",
        is_guarded: bool = False,
    ) -> LogOpening:
        """Make sure that the log has an epoch, and tell where it stands; what was sent before writes nothing any more.

        Args:
            claim: what to write under.
            epoch_if_new: name of a new epoch, where one is needed.
            above: a new epoch goes on above this revision.
            written_epoch: epoch that the caller was the last one to write to, as far as it knows; empty: none.
            leaving: begin another epoch in place of this one in any case; empty: none.
            is_guarded: whether the drawdown guard is on; where it is off what it went on from is forgotten.

        Raises:
            DeposedError: the claim is not good any more.
        """
        keys = self.keys
        replies = await self._open(
            keys=keys.of("state", "log", "lease", "feedback", "pulse"),
            args={
                "claim": claim.value,
                "run_id": claim.run_id,
                "epoch_if_new": epoch_if_new,
                "above": above,
                "written_epoch": written_epoch,
                "leaving": leaving,
                "is_guarded": flag(is_guarded),
            },
        )
        require_written(replies)
        begun, begun_before, *stands, opening, guard = replies[1:]
        state = replace(LogState.from_replies(stands), opening=opening.decode())
        return LogOpening(state, Begun.of(begun), Begun.of(begun_before), guard_of_text(guard))

    async def publish(
        self,
        claim: Claim,
        feedback: Feedback,
        expected: LogState,
        beside: Beside = NOTHING_BESIDE,
        expecting: Callable[[Feedback], None] = lambda feedback: None,
        rests_on: str = "",
    ) -> bool:
        """Write a feedback as the next revision; False when the log is not where `expected` says, or was opened again.

        Args:
            claim: what to write under.
            feedback: what to write.
            expected: where the log is believed to stand.
            beside: what to write down in the same step.
            expecting: is told of the feedback while Redis is writing it.
            rests_on: what it rests on, see `basis`.

        Raises:
            DeposedError: the claim is not good any more; nothing was written.
            MemoryMovedError: the long memory stands elsewhere than the note says; nothing was written.
        """
        keys = self.keys
        document, traceparent = encode_feedback(feedback), self._tracing.carried()
        self._written = document.encode(), feedback
        reply = await self._publish(
            keys=keys.of(*_WRITTEN) | self._memory(beside.note),
            args=common_arguments(claim, feedback, expected)
            | {
                "epoch": feedback.epoch,
                "revision": feedback.revision,
                "document": document,
                "traceparent": traceparent,
                "rests_on": rests_on,
                "event": encode_event(feedback),
                "channel": keys.events,
                "retained": self._retained,
            }
            | beside.arguments(),
            rest=beside.numbered_ids,
            meanwhile=lambda: expecting(feedback),
        )
        require_written(reply)
        if reply[0] != b"published":
            return False
        self._tracing.written(feedback.epoch, feedback.revision, traceparent)
        if not reply[1]:
            self._problems.withdraw("events_not_sent")
        else:
            if "events_not_sent" not in self._problems.standing:
                logger.warning(
                    "Feedback event not sent; the feedback itself is published",
                    channel=self.keys.events,
                    error=reply[1].decode(errors="replace"),
                )
            self._problems.state("events_not_sent", EVENT_NOT_SENT.format(channel=keys.events))
        return True

    async def confirm(
        self,
        claim: Claim,
        feedback: Feedback,
        expected: LogState,
        beside: Beside = NOTHING_BESIDE,
    ) -> bool:
        """Renew the times of the newest feedback; False as for `publish`.

        Raises:
            DeposedError, MemoryMovedError: as for `publish`.
        """
        return await self._move_times(claim, feedback, encode_feedback(feedback), expected, beside)

    async def withdraw(
        self,
        claim: Claim,
        feedback: Feedback,
        expected: LogState,
        beside: Beside = NOTHING_BESIDE,
    ) -> bool:
        """Say that nothing stands behind the newest feedback any more; False as for `publish`.

        Raises:
            DeposedError, MemoryMovedError: as for `publish`.
        """
        return await self._move_times(claim, feedback, "", expected, beside)

    async def remember(
        self,
        claim: Claim,
        caps: LeverageCaps,
        expected: LogState,
        beside: Beside = NOTHING_BESIDE,
    ) -> bool:
        """Write down caps on leverage, what operators say, and the long memory, where there is nothing to say.

        False as for `publish`.

        Args:
            claim: what to write under.
            caps: those in force.
            expected: where the log is believed to stand.
            beside: what else to write down.

        Raises:
            DeposedError, MemoryMovedError: as for `publish`.
        """
        arguments: dict[str, Argument] = {
            "claim": claim.value,
            "expected_epoch": expected.epoch,
            "expected_revision": expected.revision,
            "opening": expected.opening,
            "leverage_caps": caps_text(caps),
        }
        reply = await self._remember(
            keys=self.keys.of("state", "lease", "pulse") | self._memory(beside.note),
            args=arguments | beside.arguments(),
            rest=beside.numbered_ids,
        )
        require_written(reply)
        return bool(reply[0] == b"remembered")

    def stand_by(self) -> None:
        """Tell no more that events are not sent: whoever publishes finds out whether they are."""
        self._problems.withdraw("events_not_sent")

    async def lapse(self, stale: Feedback, looked_ms: int) -> bool | None:
        """Put the safe values into the key once the validity of the newest feedback has passed.

        False when the log says something else by now; None when the validity has not passed by the clock of Redis, or
        the key says what was looked at later, so that it is to be tried again. No claim is needed: nothing new is said.

        Args:
            stale: what to write.
            looked_ms: when it held, milliseconds since 1970-01-01 UTC.
        """
        reply = await self._lapse(
            keys=self.keys.of("state", "feedback"),
            args={
                "epoch": stale.epoch,
                "revision": stale.revision,
                "valid_until_ms": time_argument(stale.times.valid_until_ms),
                "document": encode_feedback(stale),
                "looked_ms": looked_ms,
            },
        )
        return None if reply == 2 else bool(reply == 1)

    def _memory(self, note: Note | None) -> dict[str, str]:
        keys = note.keys if note and note.keys else self._memory_keys
        return {"evidence": keys.evidence, "trade_ids": keys.trade_ids}

    async def _move_times(
        self,
        claim: Claim,
        feedback: Feedback,
        document: str,
        expected: LogState,
        beside: Beside,
    ) -> bool:
        reply = await self._confirm(
            keys=self.keys.of(*_WRITTEN) | self._memory(beside.note),
            args=common_arguments(claim, feedback, expected) | {"document": document} | beside.arguments(),
            rest=beside.numbered_ids,
        )
        require_written(reply)
        return bool(reply[0] == b"confirmed")
