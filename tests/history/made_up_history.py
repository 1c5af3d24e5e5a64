"""Makes up histories that are as promised, to show that the checks accept them and find what is then broken.

A little world of a log, servers that read it with a lag, and subscribers; every step is drawn from a seeded source.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from history.checks.refusals import ERROR_DOMAIN
from history.model import (
    Advice,
    Answer,
    Delivery,
    End,
    Feedback,
    FeedbackMessage,
    HeartbeatMessage,
    History,
    LogSample,
    Message,
    Opening,
    Position,
    Publish,
    Refusal,
    Status,
    Stream,
    Subscriber,
)

START_MS = 1_700_000_000_000.0
VALIDITY_MS = 4_000.0
LONGEST_LAG_MS = 200.0
RETAINED = 6
ADDRESSES = ("127.0.0.1:1001", "127.0.0.1:1002")
REGIMES = ("BULL", "BEAR", "RANGE", "VOLATILE")
POLICIES = ("POLICY_CONSERVATIVE", "POLICY_BALANCED", "POLICY_AGGRESSIVE")


def safe_advice(advice: Advice) -> Advice:
    """Withdraw an advice."""
    return Advice("POLICY_CONSERVATIVE", 0.0, min(1.0, advice.leverage))


def warming_up(epoch: str) -> Feedback:
    """Return what stands before anything was published."""
    advice = Advice("POLICY_CONSERVATIVE", 0.0, 1.0)
    return Feedback(Position(epoch, 0), Status.WARMING_UP, advice, (("preferred_regime", '"UNKNOWN"'),), None)


@dataclass
class _Server:
    """What one server has read of the log."""

    address: str
    said: list[Feedback] = field(default_factory=list)
    """Retained feedbacks of the epoch, oldest first, the newest with its present validity."""
    epoch: str = ""
    read_ms: float = 0.0

    def in_force(self, now_ms: float) -> Feedback:
        if not self.said:
            return warming_up(self.epoch)
        newest = self.said[-1]
        if newest.valid_until_ms is None or now_ms <= newest.valid_until_ms:
            return newest
        return replace(newest, status=Status.STALE, advice=safe_advice(newest.advice))


@dataclass
class _Subscriber:
    """A subscriber with the stream that it has open, if any."""

    name: str
    delivery: Delivery
    server: _Server | None = None
    reached: Position | None = None
    begun: bool = False
    opening: Opening | None = None
    messages: list[Message] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)

    def end(self, end: End | None) -> None:
        if self.opening is not None:
            self.streams.append(Stream(self.opening, tuple(self.messages), end))
        self.opening, self.messages, self.server = None, [], None


class World:
    """Moves on step by step. Everything that happens is kept for `history`."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._now_ms = START_MS
        self._epochs = ["epoch-1"]
        self._log: list[Feedback] = []
        self._newest = Position("epoch-1", 0)
        self._publishes: list[Publish] = []
        self._samples: list[LogSample] = []
        self._answers: list[Answer] = []
        self._servers = [_Server(address) for address in ADDRESSES]
        self._subscribers = [
            _Subscriber(f"subscriber {number}", Delivery.EVERY if number % 2 else Delivery.LATEST)
            for number in range(1, 7)
        ]

    def run(self, steps: int) -> None:
        """Let things happen."""
        actions = [
            (self._publish, 12),
            (self._confirm, 4),
            (self._deliver, 60),
            (self._break_connection, 4),
            (self._answer, 10),
            (self._lose_history, 0.6),
            (self._fall_silent, 0.4),
        ]
        for _ in range(steps):
            self._advance(self._random.uniform(1, 30))
            action = self._random.choices([each for each, _ in actions], [weight for _, weight in actions])[0]
            action()
            self._read_logs()

    def settle(self) -> None:
        """Let every server read the log, and every subscriber come to the newest revision."""
        self._publish()
        for server in self._servers:
            self._read(server)
        for subscriber in self._subscribers:
            while subscriber.reached != self._newest:
                self._advance(1)
                self._serve(subscriber)

    def history(self, *, settled: bool) -> History:
        """Return what has happened so far."""
        for subscriber in self._subscribers:
            subscriber.end(None)
        return History(
            publishes=tuple(self._publishes),
            samples=tuple(self._samples),
            epochs=tuple(self._epochs),
            subscribers=tuple(Subscriber(each.name, tuple(each.streams)) for each in self._subscribers),
            answers=tuple(self._answers),
            settled_ms=self._now_ms if settled else None,
        )

    def _advance(self, by_ms: float) -> None:
        self._now_ms += by_ms

    def _publish(self) -> None:
        absent_ms = self._now_ms - self._random.uniform(1, 20)
        self._newest = Position(self._newest.epoch, self._newest.revision + 1)
        advice = Advice(self._random.choice(POLICIES), round(self._random.random(), 4), self._random.choice((0.7, 1.5)))
        seen = (("preferred_regime", f'"{self._random.choice(REGIMES)}"'), ("reasons", f"[{self._random.random()}]"))
        feedback = Feedback(self._newest, Status.ACTIVE, advice, seen, self._now_ms + VALIDITY_MS)
        self._log = [*self._log, feedback][-RETAINED:]
        self._publishes.append(Publish(feedback, absent_ms, self._now_ms))
        self._sample()

    def _sample(self) -> None:
        oldest, newest = (self._log[0].position, self._log[-1].position) if self._log else (Position("", 0),) * 2
        self._samples.append(LogSample(self._now_ms, newest.epoch, oldest.revision, newest.revision))

    def _confirm(self) -> None:
        """Move the validity of the newest feedback on, unless it has passed: then a sync makes a new revision."""
        if not self._log or self._log[-1].position != self._newest:
            return
        if (self._log[-1].valid_until_ms or 0.0) < self._now_ms:
            self._publish()
        else:
            self._log[-1] = replace(self._log[-1], valid_until_ms=self._now_ms + VALIDITY_MS)

    def _lose_history(self) -> None:
        """Fall back behind what was said, or forget everything; what comes next is of another epoch."""
        self._log = self._log[: self._random.randrange(3)] if self._random.random() < 0.5 else []
        self._sample()
        self._epochs.append(f"epoch-{len(self._epochs) + 1}")
        # Revisions go on above the log, or above everything that the publisher remembers.
        above = (
            self._newest.revision if self._random.random() < 0.7 else len(self._log) and self._log[-1].position.revision
        )
        self._newest = Position(self._epochs[-1], above)
        self._advance(1)
        self._publish()

    def _fall_silent(self) -> None:
        self._advance(VALIDITY_MS + 100)

    def _read_logs(self) -> None:
        for server in self._servers:
            if self._random.random() < 0.6 or self._now_ms - server.read_ms > LONGEST_LAG_MS:
                self._read(server)

    def _read(self, server: _Server) -> None:
        server.epoch, server.read_ms = self._newest.epoch, self._now_ms
        server.said = [feedback for feedback in self._log if feedback.position.epoch == self._newest.epoch]

    def _answer(self) -> None:
        server = self._random.choice(self._servers)
        asked_ms = self._now_ms
        self._advance(self._random.uniform(0.1, 2))
        self._answers.append(Answer(server.address, asked_ms, self._now_ms, server.in_force(asked_ms)))

    def _break_connection(self) -> None:
        subscriber = self._random.choice(self._subscribers)
        subscriber.end(End(self._now_ms, "UNAVAILABLE", "the server is going away"))

    def _deliver(self) -> None:
        self._serve(self._random.choice(self._subscribers))

    def _serve(self, subscriber: _Subscriber) -> None:
        """Open a stream, or send what comes next on the one that is open."""
        if subscriber.server is None:
            self._open(subscriber)
            return
        server, reached = subscriber.server, subscriber.reached
        in_force = server.in_force(self._now_ms)
        if reached is None:
            self._send(subscriber, in_force, 0)
        elif reached.epoch != server.epoch:
            self._refuse(subscriber, "EPOCH_CHANGED")
        elif in_force.position.revision > reached.revision:
            self._send_next(subscriber, server, reached, in_force)
        elif not subscriber.begun:
            self._send(subscriber, in_force, 0)
        else:
            beat = in_force.position, in_force.status, in_force.valid_until_ms
            subscriber.messages.append(HeartbeatMessage(self._now_ms + 0.5, *beat, sent_ms=self._now_ms))
            self._advance(0.5)

    def _open(self, subscriber: _Subscriber) -> None:
        server = self._random.choice(self._servers)
        resume = subscriber.reached
        lags = resume is not None and self._rank(resume) > self._rank(server.in_force(self._now_ms).position)
        send_current = resume is not None and self._random.random() < 0.5
        subscriber.server, subscriber.begun = server, not send_current
        subscriber.opening = Opening(server.address, self._now_ms, subscriber.delivery, resume, send_current)
        self._advance(1)
        if lags or not server.epoch:
            subscriber.end(End(self._now_ms, "UNAVAILABLE", "the feedback log has not been read yet"))
        elif resume is not None and resume.epoch != server.epoch:
            self._refuse(subscriber, "EPOCH_CHANGED")
        elif resume is not None and server.said and resume.revision + 1 < server.said[0].position.revision:
            self._refuse(subscriber, "REVISION_COMPACTED")

    def _rank(self, position: Position) -> tuple[int, int]:
        return self._epochs.index(position.epoch) if position.epoch else -1, position.revision

    def _send_next(self, subscriber: _Subscriber, server: _Server, reached: Position, in_force: Feedback) -> None:
        if subscriber.delivery is Delivery.LATEST or in_force.position.revision == reached.revision + 1:
            self._send(subscriber, in_force, in_force.position.revision - reached.revision - 1)
            return
        following = [each for each in server.said if each.position.revision == reached.revision + 1]
        if following:
            self._send(subscriber, following[0], 0)
        else:
            self._refuse(subscriber, "REVISION_COMPACTED")

    def _send(self, subscriber: _Subscriber, feedback: Feedback, skipped: int) -> None:
        self._advance(0.5)
        subscriber.messages.append(FeedbackMessage(self._now_ms, feedback, skipped))
        subscriber.reached, subscriber.begun = feedback.position, True

    def _refuse(self, subscriber: _Subscriber, reason: str) -> None:
        server = subscriber.server
        if server is not None:
            oldest = server.said[0].position.revision if server.said else 0
            current = server.said[-1].position.revision if server.said else 0
            refusal = Refusal(ERROR_DOMAIN, reason, oldest, current, server.epoch)
            subscriber.end(End(self._now_ms, "OUT_OF_RANGE", "refused", refusal))
        subscriber.reached = None


def made_up_history(seed: int, *, steps: int = 400, settled: bool = True) -> History:
    """Return one history that is as promised; the same seed gives the same one."""
    world = World(seed)
    world.run(steps)
    if settled:
        world.settle()
    return world.history(settled=settled)
