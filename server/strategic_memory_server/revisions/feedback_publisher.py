"""FeedbackPublisher: decides whether an advice is a new revision, and writes it or confirms the old one.

It believes to know where the log stands and the log's scripts check that belief, so a publisher that was wrong (a
restart, a lost reply, history lost in a failover) learns it before anything is written.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from strategic_memory_server.feedback import Advice, Feedback, FeedbackStatus, Times
from strategic_memory_server.revisions.feedback_log import FeedbackLog, LogState

ATTEMPTS = 3


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
    """

    def __init__(self, log: FeedbackLog, mint: Callable[[], str] = mint_epoch) -> None:
        self._log = log
        self._mint = mint
        self._state: LogState | None = None
        self._newest: Feedback | None = None
        # Newest revision that is known to have been said, by epoch: what Redis holds can fall back behind it.
        self._said: dict[str, int] = {}

    async def open(self) -> LogState:
        """Learn where the log stands; afterwards it has an epoch.

        A log that stands lower than what this process knows to have been said has lost history: from then on it has
        another epoch, and revisions go on above everything that was ever said.
        """
        state = await self._log.open(self._mint(), above=self._highest)
        snapshot = await self._log.snapshot(recent=1)
        self._newest = snapshot.recent[-1] if snapshot.recent else None
        if self._newest and (self._newest.epoch, self._newest.revision) != (state.epoch, state.revision):
            self._newest = None
        self._said[state.epoch] = max(self._said.get(state.epoch, 0), state.revision)
        self._state = state
        return state

    async def publish(self, advice: Advice, times: Times, now_ms: int) -> Publication:
        """Write an advice as a new revision, or confirm the newest one when it says the same and is still valid.

        Raises:
            LogContestedError: the log changed under every attempt.
            redis.exceptions.RedisError, OSError: Redis could not be reached or refused. Whether the advice was
                written is not known then; the next call finds out.
        """
        for _ in range(ATTEMPTS):
            state = self._state or await self.open()
            # Until it is known that this write succeeded, it is not known where the log stands.
            newest, self._state = self._newest, None
            lost = state.revision < self._said[state.epoch]
            repeated = newest is not None and newest.advice == advice and not lost and not _lapsed(state, now_ms)
            epoch = self._mint() if lost else state.epoch
            revision = state.revision if repeated else (self._highest if lost else state.revision) + 1
            feedback = Feedback(advice, FeedbackStatus.ACTIVE, revision=revision, epoch=epoch, times=times)
            if repeated:
                written = await self._log.confirm(feedback)
            else:
                written = await self._log.publish(feedback, expected=state)
            if written:
                self._newest = feedback
                self._said[epoch] = revision
                self._state = LogState(epoch, revision, times=times)
                return Publication(feedback, is_new=not repeated)
        raise LogContestedError(
            "the feedback log was changed by somebody else each time this service tried to write to it; "
            "run one syncing service per key prefix"
        )

    async def withdraw(self, now_ms: int) -> None:
        """End the validity of the newest feedback: what it was said upon is no longer there.

        It is not said again, so that it is no new revision; the next advice is one.
        """
        state = await self.open()
        newest, valid_until_ms = self._newest, state.times.valid_until_ms
        if newest is None or valid_until_ms is None or valid_until_ms < now_ms:
            return
        self._state = None
        await self._log.confirm(replace(newest, times=replace(state.times, valid_until_ms=now_ms - 1)))

    @property
    def _highest(self) -> int:
        """Highest revision that is known to have been said, in whichever epoch; 0: none."""
        return max(self._said.values(), default=0)


def _lapsed(state: LogState, now_ms: int) -> bool:
    """Tell whether the newest feedback has turned stale: saying it again is a change then, so it is a revision."""
    valid_until_ms = state.times.valid_until_ms
    return valid_until_ms is not None and now_ms > valid_until_ms
