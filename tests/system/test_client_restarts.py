"""Subscriptions of the client library across everything that can happen to the real service."""

from __future__ import annotations

import itertools
import json
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
import redis
from client.command_line import start
from conftest import StartService
from faults.free_ports import HOST, free_port
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback

from strategic_memory_client import (
    Backoff,
    ClientOptions,
    Delivery,
    Disconnected,
    EpochChanged,
    Feedback,
    FeedbackReceived,
    FeedbackStatus,
    Policy,
    ResumePointError,
    ServiceUnavailableError,
    SilentServerError,
    StrategicMemoryClient,
    SubscriptionEvent,
)
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = pytest.mark.system

LASTING = {"STRATEGIC_MEMORY_VALIDITY": "60", "STRATEGIC_MEMORY_LEASE": "0.5"}
"""An advice that turns stale because a sync comes late, on a busy machine, is another revision when it is back."""

OPTIONS = ClientOptions(heartbeat_interval_s=0.2, missed_heartbeats=5, backoff=Backoff(0.02, 0.2))


class Recorder:
    """Records the events of a subscription in a thread of its own; `error` is what ended it."""

    def __init__(self, client: StrategicMemoryClient, delivery: Delivery) -> None:
        self.events: list[SubscriptionEvent] = []
        self.error: Exception | None = None
        self._stream = client.stream_events(delivery=delivery)
        self._thread = threading.Thread(target=self._record, daemon=True)
        self._thread.start()

    def _record(self) -> None:
        try:
            for event in self._stream:
                self.events.append(event)
        except ResumePointError as error:
            self.error = error

    @property
    def feedbacks(self) -> list[Feedback]:
        return [event.feedback for event in list(self.events) if isinstance(event, FeedbackReceived)]

    def wait_for(self, revision: int, epoch: str) -> None:
        def arrived() -> bool:
            if self.error is not None:
                pytest.fail(f"the subscription ended: {self.error}")
            return any(each.revision >= revision and each.epoch == epoch for each in self.feedbacks)

        assert eventually(arrived, what=f"revision {revision} of {epoch}")


def publish(client: redis.Redis, service: ServiceProcess) -> Feedback:
    """Make an observation, and wait until it has become a revision."""
    known = int(client.hget(LogKeys.under("quantum").state, "revision") or 0)
    # A service that has just begun answers before it has read the log.
    before = eventually(lambda: now if (now := get_feedback(service)).revision >= known else None)
    # All at once: what is read in between would be a revision too.
    with client.pipeline(transaction=True) as pipeline:
        for _ in range(3 if before.revision == 0 else 1):
            add_regime(pipeline, "BULL", 0.2 + before.revision / 100)
        pipeline.execute()
    with StrategicMemoryClient(service.grpc_address, options=ClientOptions(timeout_s=30.0)) as asker:

        def newer() -> Feedback | None:
            now = asker.get_feedback()
            return now if (now.epoch, now.revision) > (before.epoch, before.revision) else None

        return eventually(newer)


def test_every_revision_comes_once_through_kills_and_restarts(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    address = {"STRATEGIC_MEMORY_GRPC_ADDRESS": f"{HOST}:{free_port()}"}
    service = start_service(sync_interval_s=0.05, env=address)
    first = publish(redis_client, service)
    with StrategicMemoryClient(service.grpc_address, options=OPTIONS) as client:
        every, latest = Recorder(client, Delivery.EVERY), Recorder(client, Delivery.LATEST)
        every.wait_for(first.revision, first.epoch)
        newest = first
        for stop in (ServiceProcess.kill, ServiceProcess.terminate, ServiceProcess.kill):
            newest = publish(redis_client, service)
            stop(service)
            service.wait()
            service = start_service(sync_interval_s=0.05, env=address)
            newest = publish(redis_client, service)
        for recorder in (every, latest):
            recorder.wait_for(newest.revision, newest.epoch)
        assert_complete(every.feedbacks)
        assert_nothing_is_hidden(latest.feedbacks)
        assert not [event for event in every.events if isinstance(event, EpochChanged)]


def assert_complete(feedbacks: list[Feedback]) -> None:
    assert [now.revision - before.revision for before, now in pairwise(feedbacks)] == [1] * (len(feedbacks) - 1)


def assert_nothing_is_hidden(feedbacks: list[Feedback]) -> None:
    for before, now in pairwise(feedbacks):
        if before.epoch == now.epoch:
            assert now.revision == before.revision + 1 + now.skipped_revisions
        else:
            assert now.epoch_changed


def test_a_rolling_restart_of_two_servers(start_service: StartService, redis_client: redis.Redis) -> None:
    one = start_service(sync_interval_s=0.05)
    other = start_service(sync_interval_s=0.05)
    first = publish(redis_client, one)
    with StrategicMemoryClient([one.grpc_address, other.grpc_address], options=OPTIONS) as client:
        every = Recorder(client, Delivery.EVERY)
        every.wait_for(first.revision, first.epoch)
        one.terminate()
        one.wait()
        newest = publish(redis_client, other)
        every.wait_for(newest.revision, newest.epoch)
        lost = next(event for event in every.events if isinstance(event, Disconnected))
        assert isinstance(lost.error, ServiceUnavailableError)
        assert (lost.address, lost.error.reason) == (one.grpc_address, "DRAINING")
        assert_complete(every.feedbacks)


def test_lost_history_is_told(start_service: StartService, redis_client: redis.Redis) -> None:
    service = start_service(sync_interval_s=0.05)
    first = publish(redis_client, service)
    second = publish(redis_client, service)
    with StrategicMemoryClient(service.grpc_address, options=OPTIONS) as client:
        every, latest = Recorder(client, Delivery.EVERY), Recorder(client, Delivery.LATEST)
        every.wait_for(second.revision, second.epoch)
        latest.wait_for(second.revision, second.epoch)
        redis_client.flushall()
        for _ in range(3):
            add_regime(redis_client, "RANGE", 0.3)
        error = eventually(lambda: every.error)
        assert isinstance(error, ResumePointError)
        assert error.reason == "EPOCH_CHANGED"
        changed = eventually(lambda: next((event for event in latest.events if isinstance(event, EpochChanged)), None))
        assert (changed.old_epoch, changed.old_revision) == (first.epoch, second.revision)
        assert changed.new_epoch not in ("", first.epoch)
        assert_nothing_is_hidden(latest.feedbacks)


def test_newest_is_safe_while_redis_is_away_and_recovers(
    start_service: StartService, fresh_redis: EmbeddedRedis
) -> None:
    service = start_service(fresh_redis.url, sync_interval_s=0.1, env={"STRATEGIC_MEMORY_VALIDITY": "0.8"})
    with StrategicMemoryClient(service.grpc_address, options=OPTIONS) as client:
        client.follow()
        with redis.Redis.from_url(fresh_redis.url) as inputs:
            for _ in range(3):
                add_regime(inputs, "BULL", 0.3)
        assert eventually(lambda: client.newest.updated_policy is Policy.AGGRESSIVE)
        fresh_redis.kill()
        # One that has lapsed here may be revived by what had been sent before: what is looked at is what is judged.
        stale = eventually(lambda: now if (now := client.newest).status is FeedbackStatus.STALE else None)
        assert (stale.updated_policy, stale.confidence_boost, stale.leverage_hint) == (Policy.CONSERVATIVE, 0.0, 1.0)
        fresh_redis.start()
        assert eventually(lambda: client.newest.updated_policy is Policy.AGGRESSIVE)


def test_newest_outlives_its_first_validity_while_the_service_syncs(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    service = start_service(sync_interval_s=0.1, env={"STRATEGIC_MEMORY_VALIDITY": "1.5"})
    publish(redis_client, service)
    with StrategicMemoryClient(service.grpc_address, options=OPTIONS) as client:
        client.follow()
        first = client.wait_for_newest()

        def moved_on() -> bool:
            nonlocal first
            now = client.newest
            if now.revision != first.revision:
                # The machine had so much else to do that it lapsed, which is a revision of its own.
                first = now
            assert now.status is FeedbackStatus.ACTIVE
            assert now.valid_until is not None
            assert first.valid_until is not None
            return (now.valid_until - first.valid_until).total_seconds() > 1.5

        assert eventually(moved_on)


def test_newest_is_safe_while_the_server_s_process_stands_still(
    start_service: StartService, redis_client: redis.Redis
) -> None:
    service = start_service(sync_interval_s=0.1, env={"STRATEGIC_MEMORY_VALIDITY": "60"})
    publish(redis_client, service)
    # Servers send heartbeats each second at most: a silence of two is told apart from a machine that is busy.
    with StrategicMemoryClient(service.grpc_address, options=replace(OPTIONS, missed_heartbeats=2)) as client:
        client.follow()
        events = client.stream_events()
        # A machine that is busy may be silent for as long before the first message.
        eventually(lambda: client.newest.status is FeedbackStatus.ACTIVE)
        next(event for event in events if isinstance(event, FeedbackReceived))
        service.send_signal(signal.SIGSTOP)
        try:
            assert eventually(lambda: client.newest.status is FeedbackStatus.STALE)
            lost = next(event for event in events if isinstance(event, Disconnected))
            assert isinstance(lost.error, SilentServerError)
        finally:
            service.send_signal(signal.SIGCONT)
        assert eventually(lambda: client.newest.status is FeedbackStatus.ACTIVE)


def test_the_command_watches_across_a_restart(start_service: StartService, redis_client: redis.Redis) -> None:
    settings = {"STRATEGIC_MEMORY_GRPC_ADDRESS": f"{HOST}:{free_port()}", **LASTING}
    service = start_service(sync_interval_s=0.05, env=settings)
    first = publish(redis_client, service)
    # It gives up when it has reached nobody for its timeout, which a restart may take on a busy machine.
    with start("watch", "-a", service.grpc_address, "--every", "--count", "3", "--timeout", "60") as process:
        assert process.stdout is not None
        lines: Iterator[str] = iter(process.stdout)
        assert json.loads(next(lines))["revision"] == first.revision
        service.terminate()
        service.wait()
        service = start_service(sync_interval_s=0.05, env=settings)
        publish(redis_client, service)
        publish(redis_client, service)
        told = [json.loads(line)["revision"] for line in itertools.islice(lines, 2)]
        assert told == [first.revision + 1, first.revision + 2]
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read().count("\n") == 1
