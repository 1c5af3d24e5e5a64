"""FeedbackLog: the durable log in Redis, which is the truth about what was said.

The log is a stream with one entry per revision, whose id is `<revision>-0`, so a revision is found without an index
and the stream itself refuses a double. Beside it are the state (epoch, newest revision, validity), the key with the
newest feedback, and the pulse: a short stream that carries each change of the validity to whoever tails the log.
"""

from __future__ import annotations

from collections.abc import Sequence

import redis.asyncio as redis
import structlog

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.long_memory.memory_store import Note
from strategic_memory_server.memory.leverage_cap import LeverageCaps
from strategic_memory_server.revisions.caps_json import caps_text
from strategic_memory_server.revisions.feedback_json import encode_event, encode_feedback
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_opening import Begun, Opening
from strategic_memory_server.revisions.log_scripts import register_script
from strategic_memory_server.revisions.log_state import LogState, digest_of
from strategic_memory_server.revisions.log_times import key_lives_ms, time_arguments

logger = structlog.get_logger(__name__)

EVENT_NOT_SENT = (
    "the user of REDIS_URL lacks +publish or &{channel}: feedback is published all the same, but whoever waits for its "
    "events hears nothing. See docs/redis.md, User and password"
)


class MemoryMovedError(Exception):
    """The long memory stands elsewhere than the note says; nothing was written."""


class DeposedError(Exception):
    """This server may not write to the log any more; the text names who may, and is empty when nobody does."""


class FeedbackLog(FeedbackLogReader):
    """Reads and writes the log. The client must return bytes (`decode_responses=False`)."""

    def __init__(
        self, client: redis.Redis, prefix: str, retained_revisions: int, problems: Problems | None = None
    ) -> None:
        super().__init__(client, prefix, problems)
        self._retained = retained_revisions
        self._open = register_script(client, "open")
        self._publish = register_script(client, "publish")
        self._confirm = register_script(client, "confirm")
        self._lapse = register_script(client, "lapse")
        self._remember = register_script(client, "remember")
        self._memory_keys = MemoryKeys.under(prefix)

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


def _check_refused(reply: Sequence[bytes]) -> None:
    if reply[0] == b"deposed":
        raise DeposedError(reply[1].decode(errors="replace"))
    if reply[0] == b"memory moved":
        raise MemoryMovedError("the long memory in Redis was changed by somebody else; it is read again")
