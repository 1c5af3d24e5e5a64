"""The subscription against a model of the service, over many made-up histories."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise

from client.feedback_samples import feedback, heartbeat
from each_case import each_case

from strategic_memory_client import (
    Delivery,
    Disconnected,
    EpochChanged,
    Feedback,
    FeedbackReceived,
    Heartbeat,
    ResumePoint,
    ResumePointError,
    ServiceUnavailableError,
    StrategicMemoryError,
)
from strategic_memory_client.streams.stream_attempt import StreamAttempt
from strategic_memory_client.streams.subscription import Subscription
from strategic_memory_client.streams.subscription_settings import SubscriptionSettings
from strategic_memory_client.values.events import SubscriptionEvent

RETAINED = 6


@dataclass
class Log:
    """The durable log: an epoch and its newest revision; what came before the last few is trimmed."""

    epoch: int = 1
    newest: int = 0

    @property
    def oldest(self) -> int:
        return max(1, self.newest - RETAINED + 1)


@dataclass
class Replica:
    """A server that has read the log up to some revision, and serves at most one stream as contract 5 promises."""

    log: Log
    epoch: int = 1
    read: int = 0
    stream: StreamAttempt | None = None
    sent: int | None = None
    stream_epoch: int = 0

    def catch_up(self, source: random.Random) -> None:
        if self.epoch != self.log.epoch:
            if source.random() < 0.5:
                return  # it has not noticed yet that history was lost
            self.epoch, self.read = self.log.epoch, 0
        self.read = source.randint(self.read, self.log.newest)

    def open(self, attempt: StreamAttempt) -> None:
        self.stream, self.stream_epoch = attempt, self.epoch
        point = attempt.resume_after
        self.sent = None if point is None else point.revision
        if point is None:
            return
        if point.epoch not in ("", f"e{self.epoch}"):
            raise self._refused("EPOCH_CHANGED")
        if point.revision > self.read:
            raise self._refused("REVISION_IN_FUTURE")
        if point.revision < self.read and point.revision + 1 < self.log.oldest:
            raise self._refused("REVISION_COMPACTED")

    def next(self) -> Feedback | Heartbeat:
        assert self.stream is not None
        if self.stream_epoch != self.epoch:
            raise self._refused("EPOCH_CHANGED")
        epoch = f"e{self.epoch}"
        before = self.sent
        if before is not None and self.read <= before:
            return heartbeat(self.read, epoch)
        if before is None or self.stream.delivery is Delivery.LATEST:
            self.sent = self.read
            return feedback(self.read, epoch, skipped=0 if before is None else self.read - before - 1)
        if before + 1 < self.log.oldest and self.log.epoch == self.epoch:
            raise self._refused("REVISION_COMPACTED")
        self.sent = before + 1
        return feedback(before + 1, epoch)

    def _refused(self, reason: str) -> ResumePointError:
        return ResumePointError(
            reason, reason=reason, oldest=self.log.oldest, current=self.read, epoch=f"e{self.epoch}"
        )


@dataclass
class World:
    """A service of two replicas and one subscriber, moved on step by step by a seeded random source."""

    source: random.Random
    delivery: Delivery
    resume_after: ResumePoint | None = None
    log: Log = field(default_factory=Log)
    events: list[SubscriptionEvent] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        self.replicas = {"a:1": Replica(self.log), "b:2": Replica(self.log)}
        settings = SubscriptionSettings(tuple(self.replicas), self.delivery, self.resume_after)
        self.subscription = Subscription(settings, self.source)
        self.serving: Replica | None = None

    def step(self, *, trouble: bool) -> None:
        self.now_s += self.source.uniform(0.0, 2.0)
        if trouble:
            self._something_happens()
        for replica in self.replicas.values():
            replica.catch_up(self.source)
        try:
            if trouble and self.serving is not None and self.source.random() < 0.1:
                raise ServiceUnavailableError("gone")
            self._exchange()
        except StrategicMemoryError as error:
            self.serving = None
            self.events.append(self.subscription.failed(error, self.now_s))

    def _something_happens(self) -> None:
        chance = self.source.random()
        if chance < 0.4:
            self.log.newest += self.source.choice([1, 1, 1, 2, 5, 12])
        elif chance < 0.43:
            self.log.epoch, self.log.newest = self.log.epoch + 1, self.source.randint(0, 3)

    def _exchange(self) -> None:
        if self.serving is None:
            attempt = self.subscription.connect(self.now_s)
            self.replicas[attempt.address].open(attempt)
            self.serving = self.replicas[attempt.address]
        self.events.extend(self.subscription.received(self.serving.next()))

    def feedbacks(self) -> list[Feedback]:
        return [event.feedback for event in self.events if isinstance(event, FeedbackReceived)]


def assert_nothing_came_twice(world: World) -> None:
    places = [(each.epoch, each.revision) for each in world.feedbacks()]
    assert len(set(places)) == len(places)


def assert_every_difference_was_announced(world: World) -> None:
    before: Feedback | None = None
    for position, event in enumerate(world.events):
        if not isinstance(event, FeedbackReceived):
            continue
        now, announced = event.feedback, world.events[position - 1] if position else None
        changed = before is not None and before.epoch != now.epoch
        assert now.epoch_changed is changed
        if before is not None and changed:
            assert announced == EpochChanged(before.epoch, before.revision, now.epoch, now.revision)
        if before is not None and not changed:
            assert now.revision - before.revision - 1 == now.skipped_revisions
        assert event.skipped_revisions == now.skipped_revisions
        before = now


def assert_it_caught_up(world: World) -> None:
    last = world.feedbacks()[-1]
    assert (last.epoch, last.revision) == (f"e{world.log.epoch}", world.log.newest)


@each_case("seed", range(300))
def test_latest_has_no_doubles_hides_nothing_and_catches_up(seed: int) -> None:
    world = World(random.Random(seed), Delivery.LATEST)
    for _ in range(150):
        world.step(trouble=True)
    world.log.newest += 1
    for _ in range(60):
        world.step(trouble=False)
    assert_nothing_came_twice(world)
    assert_every_difference_was_announced(world)
    assert_it_caught_up(world)


@each_case("seed", range(300))
def test_every_has_every_revision_or_raises(seed: int) -> None:
    world = World(random.Random(seed), Delivery.EVERY)
    raised = False
    try:
        for _ in range(100):
            world.step(trouble=True)
        for _ in range(60):
            world.step(trouble=False)
    except ResumePointError:
        raised = True
    assert_nothing_came_twice(world)
    received = world.feedbacks()
    for before, now in pairwise(received):
        if before.epoch == now.epoch:
            assert now.revision == before.revision + 1
        else:
            assert before.revision == 0, "an epoch in which something was published was left without an error"
            assert now.revision == 1
    if not raised:
        assert_it_caught_up(world)


def test_the_histories_have_everything_in_them() -> None:
    worlds = [World(random.Random(seed), Delivery.LATEST) for seed in range(50)]
    for world in worlds:
        for _ in range(150):
            world.step(trouble=True)
    everything = [event for world in worlds for event in world.events]
    kinds = {type(event).__name__ for event in everything}
    assert kinds == {"FeedbackReceived", "HeartbeatReceived", "EpochChanged", "Disconnected"}
    errors = [event.error for event in everything if isinstance(event, Disconnected)]
    reasons = {error.reason for error in errors if isinstance(error, ResumePointError)}
    assert reasons == {"REVISION_COMPACTED", "REVISION_IN_FUTURE", "EPOCH_CHANGED"}
    assert any(each.skipped_revisions > 0 for world in worlds for each in world.feedbacks())
