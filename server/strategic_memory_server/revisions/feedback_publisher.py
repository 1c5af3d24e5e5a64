"""FeedbackPublisher: decides whether an advice is a new revision, and writes it or confirms the old one.

It believes to know where the log stands and the log's scripts check that belief, so a publisher that was wrong (a
restart, a lost reply, history lost in a failover) learns it before anything is written.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from strategic_memory_server.feedback import Advice, Feedback, FeedbackStatus, Times
from strategic_memory_server.leverage_cap import NO_CAPS, LeverageCaps
from strategic_memory_server.long_memory.memory_store import Note
from strategic_memory_server.revisions.feedback_log import FeedbackLog
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_state import LogState

ATTEMPTS = 3

CONTESTED = (
    "the feedback log was changed by a program that does not hold the lease each time this service tried to "
    "write to it; find out who else writes there"
)


class LogContestedError(Exception):
    """Somebody else keeps writing to the log."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of an advice: the feedback as it stands in the log, and whether it is a new revision."""

    feedback: Feedback
    is_new: bool


def mint_epoch() -> str:
    """Make a name for a log that no other log has had."""
    return secrets.token_hex(8)


class FeedbackPublisher:
    """Writes to one log.

    Args:
        log: the log.
        mint: makes the name of a new epoch.
        heard: gives the newest revision that has been read from the log, by epoch.
    """

    def __init__(
        self,
        log: FeedbackLog,
        mint: Callable[[], str] = mint_epoch,
        heard: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._log = log
        self._mint = mint
        self._heard = heard
        self._claim: Claim | None = None
        self._state: LogState | None = None
        self._newest: Feedback | None = None
        # Newest revision that is known to have been said, by epoch: what Redis holds can fall back behind it.
        self._said: dict[str, int] = {}
        self._written_epoch = ""
        self._tried_revision = 0

    async def open(self, claim: Claim) -> LogState:
        """Learn where the log stands; afterwards it has an epoch.

        A log that stands lower than what this process knows to have been said has lost history: from then on it has
        another epoch, and revisions go on above everything that was ever said.

        Raises:
            DeposedError: the claim is not good any more.
        """
        self._learn_what_was_said()
        state = await self._log.open(claim, self._mint(), self._highest, self._written_epoch)
        snapshot = await self._log.snapshot(recent=1)
        self._newest = snapshot.recent[-1] if snapshot.recent else None
        if self._newest and (self._newest.epoch, self._newest.revision) != (state.epoch, state.revision):
            self._newest = None
        self._said[state.epoch] = max(self._said.get(state.epoch, 0), state.revision)
        self._state, self._claim = state, claim
        return state

    async def publish(
        self, claim: Claim, advice: Advice, times: Times, now_ms: int, note: Note | None = None
    ) -> Publication:
        """Write an advice as a new revision, or confirm the newest one when it says the same and is still valid.

        Args:
            claim: what to write under.
            advice: what to say.
            times: its times.
            now_ms: the time now, milliseconds since 1970-01-01 UTC.
            note: what to write down of the long memory in the same step.

        Raises:
            DeposedError: the claim is not good any more; nothing was written.
            MemoryMovedError: the long memory stands elsewhere than the note says; nothing was written.
            LogContestedError: the log changed under every attempt.
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused. Whether the advice was
                written is not known then; the next call finds out.
        """
        for _ in range(ATTEMPTS):
            state = (self._state if claim == self._claim else None) or await self.open(claim)
            # Until it is known that this write succeeded, it is not known where the log stands.
            newest, self._state = self._newest, None
            lost = state.revision < self._said[state.epoch]
            in_force = not (lost or state.withdrawn or _lapsed(state, now_ms))
            repeated = newest is not None and newest.advice == advice and in_force
            epoch = self._mint() if lost else state.epoch
            revision = state.revision if repeated else (self._highest if lost else state.revision) + 1
            feedback = Feedback(advice, FeedbackStatus.ACTIVE, revision=revision, epoch=epoch, times=times)
            self._tried_revision = revision
            if repeated:
                written = await self._log.confirm(claim, feedback, state, note)
            else:
                written = await self._log.publish(claim, feedback, state, note)
            if written:
                self._newest, self._written_epoch = feedback, epoch
                self._said[epoch] = revision
                self._state = LogState(epoch, revision, times=times, leverage_caps=advice.leverage_caps)
                return Publication(feedback, is_new=not repeated)
        raise LogContestedError(CONTESTED)

    async def withdraw(
        self, claim: Claim, now_ms: int, note: Note | None = None, leverage_caps: LeverageCaps = NO_CAPS
    ) -> None:
        """Say that nothing stands behind the newest feedback any more; the next advice is a new revision.

        Args:
            claim: what to write under.
            now_ms: the time now, milliseconds since 1970-01-01 UTC.
            note: what to write down of the long memory in the same step.
            leverage_caps: caps on leverage in force: they hold where nothing is said, too.

        Raises:
            DeposedError, MemoryMovedError, LogContestedError: as for `publish`.
        """
        for _ in range(ATTEMPTS):
            state = await self.open(claim)
            newest, valid_until_ms = self._newest, state.times.valid_until_ms
            if newest is None or state.withdrawn:
                if note or (state.leverage_caps or NO_CAPS) != leverage_caps:
                    await self._log.remember(claim, leverage_caps, note)
                return
            self._state = None
            ended_ms = now_ms - 1 if valid_until_ms is None else min(valid_until_ms, now_ms - 1)
            advice = replace(newest.advice, leverage_caps=leverage_caps)
            ended = replace(newest, advice=advice, times=replace(state.times, valid_until_ms=ended_ms))
            if await self._log.withdraw(claim, ended, state, note):
                self._written_epoch = newest.epoch
                return
        raise LogContestedError(CONTESTED)

    async def known_caps(self) -> LeverageCaps:
        """Give the caps on leverage that were in force when the log was last written; none where that is not known.

        Raises:
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
        """
        return await self._log.read_caps()

    def _learn_what_was_said(self) -> None:
        """Take over what was read from the log: another server may have said it, and Redis may have lost it since."""
        for epoch, revision in self._heard().items():
            if revision > self._said.get(epoch, 0):
                self._said[epoch] = revision
                # A write whose reply was lost is heard of all the same; any other is somebody else's.
                if epoch == self._written_epoch and revision > self._tried_revision:
                    self._written_epoch = ""

    @property
    def _highest(self) -> int:
        """Highest revision that is known to have been said, in whichever epoch; 0: none."""
        return max(self._said.values(), default=0)


def _lapsed(state: LogState, now_ms: int) -> bool:
    """Tell whether the newest feedback has turned stale: saying it again is a change then, so it is a revision."""
    valid_until_ms = state.times.valid_until_ms
    return valid_until_ms is not None and now_ms > valid_until_ms
