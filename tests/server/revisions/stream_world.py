"""A model of the feedback log, of a server that follows it at its own pace, and of what its subscribers may be sent.

The model knows every feedback that was ever said. It holds StreamCursor and FeedbackHub to contract 5, promises 1 to 5.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from advice import NOW_MS, feedback
from server.revisions.read_log import next_step

from strategic_memory_server.advice.feedback import Feedback, FeedbackStatus, Times
from strategic_memory_server.faults.errors import ResumePointError, ResumeRefusal
from strategic_memory_server.revisions.feedback_hub import FeedbackHub
from strategic_memory_server.revisions.feedback_log_reader import LogSnapshot
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.stream_cursor import Beat, Delivery, ReadLog, Step, StreamCursor

RETAINED = 6
RING = 3
PAGE = 4
VALIDITY_MS = 1_000


@dataclass(slots=True)
class ModelLog:
    """The log in Redis: what its scripts keep."""

    epoch: str = ""
    revision: int = 0
    epoch_start: int = 1
    times: Times = field(default_factory=Times)
    entries: list[Feedback] = field(default_factory=list)
    said: dict[tuple[str, int], Feedback] = field(default_factory=dict)
    epochs: int = 0

    def open(self, above: int = 0) -> None:
        """Begin another epoch without a publication."""
        self.epochs += 1
        self.epoch = f"e{self.epochs}"
        self.revision, self.epoch_start, self.times = above, above + 1, Times()

    def publish(self, now_ms: int, *, new_epoch: bool = False) -> Feedback:
        """Say the next thing, in another epoch above everything that was said where asked for."""
        if new_epoch:
            self.epochs += 1
            self.epoch = f"e{self.epochs}"
            self.revision = self.highest
            self.epoch_start = self.revision + 1
        self.revision += 1
        said = feedback(self.revision, self.epoch, computed_at_ms=now_ms, valid_until_ms=now_ms + VALIDITY_MS)
        assert (self.epoch, self.revision) not in self.said
        self.said[self.epoch, self.revision] = said
        self.entries = [*self.entries, said][-RETAINED:]
        self.times = said.times
        return said

    @property
    def highest(self) -> int:
        """Highest revision ever said."""
        return max((revision for _, revision in self.said), default=0)

    @property
    def oldest(self) -> int:
        """Oldest retained revision, as `oldest_revision` of the scripts gives it."""
        return max(self.entries[0].revision, self.epoch_start) if self.entries else 0

    @property
    def state(self) -> LogState | None:
        """The state as the pulse carries it."""
        if not self.epoch:
            return None
        return LogState(self.epoch, self.revision, self.oldest, self.times, self.epoch_start)

    def snapshot(self) -> LogSnapshot:
        """The log as a server reads it whole."""
        recent = [said for said in self.entries[-RING:] if said.epoch == self.epoch]
        return LogSnapshot(self.state, tuple(recent), "0-0", "0-0")

    def read_after(self, revision: int) -> list[Feedback]:
        """A page of what came after a revision."""
        return [said for said in self.entries if said.revision > revision][:PAGE]

    def between(self, epoch: str, after: int, before: int) -> list[int]:
        """Revisions of an epoch that were said between two others."""
        return sorted(revision for name, revision in self.said if name == epoch and after < revision < before)


@dataclass(slots=True)
class Subscriber:
    """One stream, and what was sent on it."""

    cursor: StreamCursor
    delivery: Delivery
    epoch: str
    after: int | None
    """Newest revision sent, or the resume point; None before the first message of a stream without one."""
    blind: bool
    """Whether the stream began before its server had read the log: what it reads then is history to the stream."""
    told: FeedbackStatus | None = None
    lacks_current: bool = False
    """Whether it resumed without the feedback of its resume point, and wants it."""

    def check(self, step: Step, hub: FeedbackHub, log: ModelLog, now_ms: int) -> None:
        """Hold one step to the promises."""
        if isinstance(step, Beat):
            assert not self.lacks_current, "a heartbeat came before the feedback in force"
            status = hub.in_force(now_ms).status
            assert status is not self.told, "the status is told once"
            self.told = status
        elif isinstance(step, Feedback):
            self._check_delivery(step, hub, log, now_ms)

    def _check_delivery(self, sent: Feedback, hub: FeedbackHub, log: ModelLog, now_ms: int) -> None:
        in_force, skipped = hub.in_force(now_ms), self.cursor.skipped
        if self.epoch != sent.epoch:
            assert not self.after, "another epoch without a word"
            self.epoch = sent.epoch
            if self.blind:
                self.after = None
        if sent.revision == in_force.revision:
            assert sent is in_force, "the newest one comes as it stands now"
        else:
            assert sent == log.said[sent.epoch, sent.revision], "what was said earlier comes as it was said"
        if self.after is None:
            assert sent is in_force, "the first message is the feedback in force"
            assert skipped == 0
        else:
            is_asked_for = self.lacks_current and sent is in_force and sent.revision in (self.after, 0)
            assert is_asked_for or sent.revision > self.after, "revisions strictly grow"
            missed = log.between(sent.epoch, self.after, sent.revision)
            assert skipped == len(missed), "it is told how many were skipped"
            assert self.delivery is Delivery.LATEST or not missed, "every one is sent"
        if self.delivery is Delivery.LATEST:
            assert sent is in_force, "the newest"
        self.after, self.told, self.lacks_current = sent.revision, sent.status, False

    def check_refusal(self, refused: ResumePointError, hub: FeedbackHub, log: ModelLog) -> None:
        """Hold the end of a stream to the promises."""
        assert (refused.current, refused.epoch) == (hub.revision, hub.epoch)
        if refused.refusal is ResumeRefusal.EPOCH_CHANGED:
            assert self.epoch != hub.epoch
            assert self.after
        else:
            assert refused.refusal is ResumeRefusal.REVISION_COMPACTED
            assert self.delivery is Delivery.EVERY
            assert self.after is not None
            following = log.between(hub.epoch, self.after, hub.revision + 1)
            retained = [said.revision for said in log.entries if said.epoch == hub.epoch]
            assert not following or following[0] not in retained or log.epoch != hub.epoch


class Server:
    """A server that follows the log at its own pace, as FeedbackTail does."""

    def __init__(self, log: ModelLog) -> None:
        self.log = log
        self.hub = FeedbackHub("1.0.0", RING)
        self.unread: list[tuple[Feedback | None, LogState | None]] = []
        """Log entries with the pulses that came with them, not read yet; (None, None): read the log whole."""

    def read_next(self) -> None:
        """Take in the next change of the log."""
        if not self.unread:
            return
        said, state = self.unread.pop(0)
        fits = state is not None and (said is None or self.hub.append(said)) and self.hub.confirm(state)
        if not fits:
            self.read_whole()

    def read_whole(self) -> None:
        """Take a snapshot."""
        self.unread.clear()
        self.hub.load(self.log.snapshot())

    def pump(self, subscriber: Subscriber, now_ms: int, most: int) -> bool:
        """Send up to so many messages; False when the stream was ended with an error."""
        for _ in range(most):
            try:
                step = next_step(subscriber.cursor, now_ms)
                if isinstance(step, ReadLog):
                    assert step.after_revision == subscriber.after or not self.log.between(
                        self.hub.epoch, subscriber.after or 0, step.after_revision + 1
                    )
                    steps: list[Step] = [*subscriber.cursor.take_from_log(self.log.read_after(step.after_revision))]
                else:
                    steps = [] if step is None else [step]
            except ResumePointError as refused:
                subscriber.check_refusal(refused, self.hub, self.log)
                return False
            if not steps:
                subscriber.blind = subscriber.blind and not self.hub.was_read
                self._check_rest(subscriber, now_ms)
                return True
            for each in steps:
                subscriber.check(each, self.hub, self.log, now_ms)
            subscriber.blind = subscriber.blind and not self.hub.was_read
        return True

    def _check_rest(self, subscriber: Subscriber, now_ms: int) -> None:
        """Nothing to send: the subscriber has everything that the server knows."""
        in_force = self.hub.in_force(now_ms)
        assert subscriber.told is in_force.status
        assert subscriber.after is not None
        assert subscriber.after >= in_force.revision or not in_force.revision

    def confirmed(self, now_ms: int) -> None:
        """The log was confirmed at a moment."""
        newest = self.log.times.computed_at_ms
        assert newest is not None
        self.log.times = Times(now_ms, NOW_MS, now_ms + VALIDITY_MS)
        self.unread.append((None, self.log.state))
