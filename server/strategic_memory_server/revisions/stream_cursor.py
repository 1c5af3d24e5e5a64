"""StreamCursor: where one subscriber stands, and what it gets next.

Synchronous: it looks at the hub when asked and never waits. The servicer waits, and reads from the log what the hub no
longer holds.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus
from strategic_memory_server.faults.errors import LogNotReadError, ResumePointError, ResumeRefusal
from strategic_memory_server.memory.leverage_cap import LeverageCaps
from strategic_memory_server.revisions.feedback_hub import FeedbackHub


class Delivery(enum.Enum):
    """What a slow subscriber gets: the newest feedback, or every one."""

    LATEST = "LATEST"
    EVERY = "EVERY"


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Read what came after a revision from the log, and hand it to `StreamCursor.take_from_log`."""

    after_revision: int


@dataclass(frozen=True, slots=True)
class Beat:
    """Send a heartbeat at once: the status of the feedback in force has changed, or the caps on leverage have."""


Step = Feedback | ReadLog | Beat
"""What to do: a feedback is sent; `StreamCursor.skipped` tells how many revisions before it are not."""


class StreamCursor:
    """State of one subscriber.

    Args:
        hub: what this server can say.
        delivery: what a slow subscriber gets.
        resume_after: revision to go on after; None: start with the feedback in force.
        epoch: epoch of `resume_after`; empty: that of the log.
        send_current: whether the feedback in force is sent first where nothing came after `resume_after`.

    Attributes:
        skipped: revisions before the feedback that was given last that are not sent.

    Raises:
        LogNotReadError: there is a resume point and the log has not been read yet.
        ResumePointError: the stream cannot go on from the resume point.
    """

    __slots__ = (
        "_after",
        "_began_unread",
        "_delivery",
        "_epoch",
        "_hub",
        "_owes_current",
        "_sent_any",
        "_told",
        "skipped",
    )

    def __init__(
        self,
        hub: FeedbackHub,
        delivery: Delivery,
        *,
        resume_after: int | None = None,
        epoch: str = "",
        send_current: bool = False,
    ) -> None:
        self.skipped = 0
        self._hub = hub
        self._delivery = delivery
        self._epoch = hub.epoch
        self._began_unread = not hub.was_read
        self._after = resume_after
        self._told: tuple[FeedbackStatus, LeverageCaps] | None = None
        # Whether the subscriber has a revision of the epoch, from this stream or from the one that it resumes.
        self._sent_any = bool(resume_after)
        self._owes_current = send_current
        if resume_after is not None:
            self._check(resume_after, epoch)
            self._after = self._not_before_epoch(resume_after)

    def next(self, in_force: Feedback) -> Step | None:
        """Tell what to do next; None: nothing until the hub changes or the validity passes.

        Args:
            in_force: what the hub says now.

        Raises:
            ResumePointError: the log has got another epoch, or the next revision is not retained any more.
        """
        hub, revision = self._hub, in_force.revision
        if self._epoch != hub.epoch:
            self._take_epoch(in_force)
        self._began_unread = self._began_unread and not hub.was_read
        after = self._after
        if after is None or revision == after + 1:
            return self._deliver(in_force)
        if revision > after:
            if self._delivery is Delivery.LATEST:
                return self._deliver(in_force, revision - after - 1)
            following = hub.recent(after + 1)
            return ReadLog(after) if following is None else self._deliver(following)
        if self._owes_current:
            return self._deliver(in_force)
        if self._told != (tells := (in_force.status, in_force.advice.leverage_caps)):
            self._told = tells
            return Beat()
        return None

    def take_from_log(self, page: list[Feedback]) -> list[Feedback]:
        """Take what was read from the log, oldest first, and give what to send.

        The newest revision is left to `next` where something goes before it: only the hub knows its times.

        Raises:
            ResumePointError: the next revision is not retained any more.
        """
        steps: list[Feedback] = []
        for feedback in page:
            if self._after is None or feedback.epoch != self._epoch or feedback.revision != self._after + 1:
                break
            if steps and feedback.revision >= self._hub.revision:
                break
            steps.append(self._deliver(feedback))
        if not steps:
            oldest = page[0].revision if page else 0
            raise self._refused(ResumeRefusal.REVISION_COMPACTED, oldest=oldest)
        return steps

    def _check(self, resume_after: int, epoch: str) -> None:
        hub = self._hub
        if not hub.epoch:
            raise LogNotReadError
        if epoch and epoch != hub.epoch:
            raise self._refused(ResumeRefusal.EPOCH_CHANGED)
        if resume_after > hub.revision:
            raise self._refused(ResumeRefusal.REVISION_IN_FUTURE)
        if resume_after < hub.revision and self._not_before_epoch(resume_after) + 1 < hub.oldest_retained:
            raise self._refused(ResumeRefusal.REVISION_COMPACTED)

    def _take_epoch(self, in_force: Feedback) -> None:
        """Follow the log to another epoch where that hides nothing from the subscriber."""
        if self._sent_any:
            if not self._hub.epoch:
                # The log is gone, and nobody has begun another one that could be named.
                raise LogNotReadError
            raise self._refused(ResumeRefusal.EPOCH_CHANGED)
        self._epoch = self._hub.epoch
        if self._after is not None:
            # What was there when this server first read the log is history to a subscriber who came before.
            from_now_on = self._began_unread and in_force.revision > 0
            self._after = None if from_now_on else self._not_before_epoch(0)

    def _not_before_epoch(self, revision: int) -> int:
        """Return the revision, or the last one before the epoch: nothing lies in between."""
        return max(revision, self._hub.epoch_start - 1)

    def _deliver(self, feedback: Feedback, skipped: int = 0) -> Feedback:
        self._after = self._not_before_epoch(feedback.revision)
        self._sent_any = self._sent_any or feedback.revision > 0
        self._owes_current = False
        self._told = (feedback.status, feedback.advice.leverage_caps)
        self.skipped = skipped
        return feedback

    def _refused(self, refusal: ResumeRefusal, *, oldest: int | None = None) -> ResumePointError:
        hub = self._hub
        return ResumePointError(
            refusal,
            asked=self._after or 0,
            oldest=hub.oldest_retained if oldest is None else oldest,
            current=hub.revision,
            epoch=hub.epoch,
        )
