"""Subscriptions that move between two real servers on one Redis: no gap, no double, and no loss that is none."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import redis
from conftest import StartService
from faults.tcp_proxy import TcpProxy
from processes import ServiceProcess, eventually
from redis_inputs import add_regime
from service_calls import get_feedback
from system.subscribers import BlockingSubscribers, LoopSubscribers, Recording

from strategic_memory_client import (
    Backoff,
    ClientOptions,
    Feedback,
    ResumePoint,
    ResumePointError,
    ServiceUnavailableError,
)
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.revisions.log_keys import LogKeys

pytestmark = pytest.mark.system

OPTIONS = ClientOptions(heartbeat_interval_s=0.3, missed_heartbeats=5, backoff=Backoff(0.02, 0.2), catch_up_s=30.0)
WITHIN_S = 30.0

Made = type[BlockingSubscribers | LoopSubscribers]
both = pytest.mark.parametrize("made", [BlockingSubscribers, LoopSubscribers])


@contextmanager
def steady_inputs(client: redis.Redis) -> Iterator[None]:
    """Make an observation every 40 ms, each of which changes the feedback."""
    ended, source = threading.Event(), random.Random(5)

    def observe() -> None:
        while not ended.wait(0.04):
            add_regime(client, "BULL", round(source.uniform(0.1, 0.9), 6))

    thread = threading.Thread(target=observe)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def first_revision(client: redis.Redis, service: ServiceProcess) -> ResumePoint:
    for _ in range(3):
        add_regime(client, "BULL", 0.2)
    first = eventually(lambda: found if (found := get_feedback(service)).revision else None, WITHIN_S)
    return ResumePoint(first.revision, first.epoch)


def revision_in_the_log(client: redis.Redis) -> int:
    found: Any = client.hget(LogKeys.under("quantum").state, "revision")
    return int(found)


def wait_for(recording: Recording, revision: int) -> None:
    def has_it() -> bool:
        if recording.error is not None:
            pytest.fail(f"{recording.delivery} ended at revision {recording.newest}: {recording.error}")
        return recording.newest >= revision

    eventually(has_it, WITHIN_S, what=f"revision {revision} for {recording.delivery}")


def was_put_off(recording: Recording) -> bool:
    assert not any(isinstance(lost.error, ResumePointError) for lost in recording.lost)
    away = [lost.error for lost in recording.lost if isinstance(lost.error, ServiceUnavailableError)]
    return sum(error.reason == "LOG_NOT_READ" for error in away) >= 2


def assert_without_gap_or_double(every: Recording, after: ResumePoint) -> None:
    came = every.feedbacks
    assert [each.revision for each in came] == list(range(after.revision + 1, after.revision + 1 + len(came)))
    assert {each.epoch for each in came} == {after.epoch}
    assert every.changes_of_epoch == []


def assert_nothing_hidden(latest: Recording, after: ResumePoint) -> None:
    came: list[Feedback] = latest.feedbacks
    assert {each.epoch for each in came} == {after.epoch}
    revisions = [after.revision, *(each.revision for each in came)]
    assert [each.skipped_revisions for each in came] == [now - before - 1 for before, now in pairwise(revisions)]
    assert latest.changes_of_epoch == []


@both
def test_a_kill_moves_both_kinds_of_subscriber_to_the_other_server(
    made: Made, start_service: StartService, redis_client: redis.Redis
) -> None:
    one, other = (start_service(sync_interval_s=0.1) for _ in range(2))
    start = first_revision(redis_client, one)
    eventually(lambda: get_feedback(other).revision >= start.revision)
    with steady_inputs(redis_client), made([one.grpc_address, other.grpc_address], OPTIONS, start) as subscribers:
        recordings = (subscribers.every, subscribers.latest)
        for recording in recordings:
            wait_for(recording, start.revision + 10)
        one.kill()
        # By what stands in the log: the other server may not have read all of it yet, and who was with the one has.
        at_the_kill = revision_in_the_log(redis_client)
        for recording in recordings:
            wait_for(recording, at_the_kill + 10)
            assert recording.lost[0].address == one.grpc_address
    assert_without_gap_or_double(subscribers.every, start)
    assert_nothing_hidden(subscribers.latest, start)


@both
def test_a_server_that_has_lost_sight_of_the_log_is_behind_and_that_is_no_loss(
    made: Made, start_service: StartService, redis_client: redis.Redis, redis_server: EmbeddedRedis
) -> None:
    with TcpProxy(f"127.0.0.1:{redis_server.port}") as way_to_redis:
        behind = start_service(f"redis://{way_to_redis.address}/0", sync_interval_s=0.1)
        level = start_service(sync_interval_s=0.1)
        start = first_revision(redis_client, level)
        eventually(lambda: get_feedback(behind).revision >= start.revision)
        way_to_redis.refuse()
        way_to_redis.reset()
        with (
            steady_inputs(redis_client),
            made([level.grpc_address, behind.grpc_address], OPTIONS, start) as subscribers,
        ):
            recordings = (subscribers.every, subscribers.latest)
            for recording in recordings:
                wait_for(recording, start.revision + 10)
            level.kill()
            for recording in recordings:
                eventually(partial(was_put_off, recording), WITHIN_S)
                assert recording.error is None
            way_to_redis.heal()
            at_the_end = max(recording.newest for recording in recordings)
            for recording in recordings:
                wait_for(recording, at_the_end + 5)
        assert_without_gap_or_double(subscribers.every, start)
        assert_nothing_hidden(subscribers.latest, start)
