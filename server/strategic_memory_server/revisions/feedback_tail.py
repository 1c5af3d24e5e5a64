"""FeedbackTail: follows the log in Redis and feeds the hub, on a connection of its own.

Every server serves from the tail. The one that publishes knows from the answer of Redis what was added, before the tail
has read it back, which then finds the same in the log. When the tail is in doubt (first read, lost connection, another
epoch, a gap, something else than was published) it takes a snapshot of the log again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis.asyncio as redis
import structlog
from redis.exceptions import RedisError

from strategic_memory_server.advice.feedback import Feedback
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.faults.told_failures import ToldFailures
from strategic_memory_server.redis_access.own_reads import OwnReads, StreamReads
from strategic_memory_server.redis_access.redis_connection import describe_failure
from strategic_memory_server.redis_access.stream_reads import SharedReads
from strategic_memory_server.revisions.change_signal import ChangeSignal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.revisions.log_state import STATE_FIELDS, LogState
from strategic_memory_server.waiting.backoff import Backoff

BLOCK_MS = 1_000
"""Longest blocking read; after each the state is compared, which also notices a log or a pulse that was begun anew."""

RETRY_S = 0.1
LONGEST_RETRY_S = 2.0

SETTLED_S = 5.0
"""The log says that it is followed again once it has been for so long, seconds: longer than any wait for a retry."""

LIFTED = "override_not_in_force"

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Cursors:
    log: str
    pulse: str


class UnvouchedLogError(Exception):
    """The log may have lost what was said last, and this server has not read it before: it must not be served."""


class FeedbackTail:
    """Feeds a hub from a log.

    Args:
        log: reads the log; its client must bear reads that block for BLOCK_MS.
        client: the client for blocking reads.
        hub: what to feed.
        changed: is notified after each change of the hub.
        recent_revisions: feedbacks to read back at a snapshot.
        problems: is told while Redis holds another history than the one that is served.
        shared: waits in place of the client, together with others; None: the client waits.
        block_ms: gives how long to wait before the state is compared.
    """

    def __init__(
        self,
        log: FeedbackLogReader,
        client: redis.Redis,
        hub: FeedbackHub,
        changed: ChangeSignal,
        recent_revisions: int,
        problems: Problems | None = None,
        clock_s: Callable[[], float] = time.monotonic,
        shared: SharedReads | None = None,
        block_ms: Callable[[], int] = lambda: BLOCK_MS,
    ) -> None:
        self._log = log
        self._reads: StreamReads = shared or OwnReads(client)
        self._block_ms = block_ms
        self._hub = hub
        self._changed = changed
        self._recent = recent_revisions
        self._problems = problems or Problems()
        self.failure: str | None = None
        """Why the log cannot be followed right now; None while it can."""
        self._fails_to_follow = False
        self._was_left = False
        self._told = ToldFailures()
        self._clock_s = clock_s
        self._followed_since_s: float | None = None

    def published(self, feedback: Feedback) -> None:
        """Take over what Redis has just added to the log for this server, where that goes on from what is known."""
        if self._hub.append(feedback):
            self._changed.notify()

    async def run(self) -> None:
        """Follow the log until cancelled."""
        try:
            await self._run()
        finally:
            self._reads.interrupt()

    async def _run(self) -> None:
        backoff = Backoff(RETRY_S, LONGEST_RETRY_S)
        following = False
        while True:
            try:
                following = False
                cursors = await self._snapshot()
                # Where it is following that fails, a snapshot shows nothing.
                if not self._fails_to_follow:
                    self._recovered()
                following = True
                while await self._follow(cursors):
                    self._recovered()
                    backoff.reset()
            except (RedisError, OSError, MalformedFeedbackError, UnvouchedLogError) as error:
                self._failed(describe_failure(error), following=following)
            except Exception as error:
                # A fault of the program: keep serving what is known and try again, but say so loudly.
                if self._failed(f"fault of the program: {type(error).__name__}", following=following):
                    logger.exception("Feedback log cannot be followed by a fault of the program")
            else:
                continue
            await asyncio.sleep(backoff.next_s())

    async def _snapshot(self) -> _Cursors:
        while True:
            known = self._known
            snapshot = await self._log.snapshot(self._recent)
            if known == self._known:
                break
            # What was published meanwhile may not be in it.
        if snapshot.state and not snapshot.is_vouched_for and snapshot.state.epoch not in self._hub.known_history:
            # A replica is another process than the one that wrote the log, and always will be.
            await self._log.require_primary()
            raise UnvouchedLogError(
                "Redis was restarted or has failed over, and no leading server has vouched for the feedback log since"
            )
        self._was_left = not self._hub.load(snapshot)
        if not self._was_left:
            self._problems.withdraw("feedback_log_went_back")
            self._tell_whether_lifted()
        elif snapshot.state:
            self._problems.state("feedback_log_went_back", self._went_back(snapshot.state, is_lost=not snapshot.recent))
        self._changed.notify()
        return _Cursors(snapshot.log_cursor, snapshot.pulse_cursor)

    async def _follow(self, cursors: _Cursors) -> bool:
        """Read what is new; False when the hub does not fit the log any more."""
        keys = self._log.keys
        entries = await self._reads.arrived(
            {keys.log: cursors.log, keys.pulse: cursors.pulse}, block_ms=self._block_ms()
        )
        if not entries:
            known = self._known
            state = await self._log.read_state(can_wait=True)
            return known != self._known or (self._hub.agrees_with(state) and not self._was_left)
        fits = True
        if log_entries := entries.get(keys.log):
            cursors.log = log_entries[-1][0].decode()
            feedbacks = self._log.decode(log_entries)
            if feedbacks:
                await self._log.learn_clock(feedbacks[-1].times.computed_at_ms)
            for feedback in feedbacks:
                fits = self._take(feedback) and fits
        if pulses := entries.get(keys.pulse):
            cursors.pulse = pulses[-1][0].decode()
            state = LogState.from_replies([pulses[-1][1].get(field.encode(), b"") for field in STATE_FIELDS])
            await self._log.learn_clock(state.times.computed_at_ms)
            fits = fits and self._confirm(state, cursors.log)
        self._changed.notify()
        # The streams that wait for the change go first.
        await asyncio.sleep(0)
        return fits and not self._was_left

    def _take(self, feedback: Feedback) -> bool:
        """Take over the next feedback of the log, or find there what this server has published."""
        return self._hub.append(feedback) or self._hub.recent(feedback.revision) == feedback

    def _confirm(self, state: LogState, read_up_to: str) -> bool:
        # Where this server has published meanwhile, the log has come no further than the pulse as far as it was read.
        is_behind = state.epoch == self._hub.epoch and f"{state.revision}-0" == read_up_to
        if self._hub.confirm(state):
            self._tell_whether_lifted()
            return True
        return is_behind and state.revision < self._hub.revision

    def _tell_whether_lifted(self) -> None:
        """Tell where an operator is not heeded. What the state says is in hand: an entry of the log comes before it."""
        if not self._hub.lifts_intervention():
            self._problems.withdraw(LIFTED)
            return
        said, now_ms = self._hub.intervention, self._hub.now_ms()
        sentence = (
            f"what operators had said by number {said.number} (strategic-memory admin state) is not in the advice: a "
            "server of an earlier version leads, or has led last, which knows of no overrides. Replace that server: "
            "the first of this version that leads puts into force what was said last"
        )
        self._problems.state(LIFTED, sentence, for_s=((said.at(now_ms).ends_ms or now_ms) - now_ms) / 1000)

    def _went_back(self, state: LogState, *, is_lost: bool) -> str:
        if is_lost and not self._hub.known_history.goes_back(state):
            return (
                f"Redis holds no readable entry of revision {state.revision} of epoch {state.epoch}, the newest of the "
                "feedback log: entries were deleted, evicted or overwritten. What this server has read before holds "
                "until its validity ends or the leading server says more; see docs/redis.md, Loss"
            )
        return (
            f"Redis holds revision {state.revision} of epoch {state.epoch}, and this server has served revision "
            f"{self._hub.revision} of epoch {self._hub.epoch}: the data set was replaced or set back. What was served "
            "holds until its validity ends or the leading server begins another epoch; see docs/redis.md, Loss"
        )

    @property
    def _known(self) -> tuple[str, int]:
        return self._hub.epoch, self._hub.revision

    def _failed(self, failure: str, *, following: bool) -> bool:
        """Take note of a failure; tell whether it is news."""
        self._followed_since_s, self._fails_to_follow = None, following
        if is_news := self._told.is_news(failure):
            logger.warning("Feedback log cannot be followed; serving what is known", error=failure)
        self.failure = failure
        return is_news

    def _recovered(self) -> None:
        self.failure, self._fails_to_follow = None, False
        if not self._told:
            return
        now_s = self._clock_s()
        self._followed_since_s = now_s if self._followed_since_s is None else self._followed_since_s
        # What comes and goes with every retry is one failure, and it is not over.
        if now_s - self._followed_since_s >= SETTLED_S:
            logger.info("Feedback log is followed again", revision=self._hub.revision, epoch=self._hub.epoch)
            self._told.are_over()
