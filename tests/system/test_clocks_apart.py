"""Clocks an hour off, of a server, a client and Redis: advice holds as long as it was meant to, and that is told."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from chaos.moved_clock import MovedClockRedis, why_no_clock
from conftest import StartService
from faults.moved_time import MovedTime
from least_user import IS_ASKED_FOR, least_url
from processes import ServiceProcess, command_path, do_without, eventually
from redis_inputs import add_regime
from service_calls import get_feedback, get_json, get_text
from stream_recorder import StreamRecorder

from strategic_memory.v1 import feedback_pb2, service_pb2

pytestmark = pytest.mark.system

HOUR_S = 3_600
MINUTE_S = 60
"""A measured hour may be off by half of what an answer took, on a machine that has much else to do."""
VALIDITY_S = 10.0
LEEWAY_S = 2.0
"""A server knows the clock of Redis within half of what an answer took, until the next one that is quicker."""

SETTINGS = {"STRATEGIC_MEMORY_VALIDITY": str(VALIDITY_S), "STRATEGIC_MEMORY_LEASE": "1"}
ACTIVE = feedback_pb2.FEEDBACK_STATUS_ACTIVE
STALE = feedback_pb2.FEEDBACK_STATUS_STALE


@pytest.fixture
def moved_redis() -> Iterator[MovedClockRedis]:
    """A Redis whose clock can be moved, with something to advise upon."""
    if why := why_no_clock():
        do_without("libfaketime", why)
    moved = MovedClockRedis()
    try:
        with redis.Redis.from_url(moved.process.url) as client:
            for _ in range(3):
                add_regime(client, "BULL", 0.3)
        yield moved
    finally:
        moved.close()


@pytest.fixture
def start(start_service: StartService, moved_redis: MovedClockRedis) -> Callable[..., ServiceProcess]:
    def started(time: MovedTime | None = None, *, serves: bool = False) -> ServiceProcess:
        env = (
            SETTINGS
            | ({} if time is None else time.environment)
            | ({"STRATEGIC_MEMORY_ROLE": "serve"} if serves else {})
        )
        return start_service(moved_redis.process.url, sync_interval_s=0.2, env=env)

    return started


def is_active(service: ServiceProcess) -> feedback_pb2.Feedback:
    """Wait until the advice holds."""
    return eventually(lambda: said if (said := get_feedback(service)).status == ACTIVE else None, 60.0)


def computed_after(service: ServiceProcess, moment_s: float) -> feedback_pb2.Feedback:
    """Wait until the advice in force was computed after a time, seconds since 1970."""
    return eventually(
        lambda: said if (said := get_feedback(service)).timestamp.ToMilliseconds() / 1000 > moment_s else None, 60.0
    )


def computed_near(service: ServiceProcess, moment_s: float) -> feedback_pb2.Feedback:
    """Wait until the advice in force was computed within half an hour of a time, seconds since 1970."""

    def computed() -> feedback_pb2.Feedback | None:
        said = get_feedback(service)
        return said if abs(said.timestamp.seconds - moment_s) < HOUR_S / 2 else None

    return eventually(computed, 60.0)


def told_of(service: ServiceProcess, problem: str) -> str:
    """Wait until a problem is told, and give what is said of it."""
    return eventually(
        lambda: next((str(told) for told in get_json(service)["problems"] if told.startswith(problem)), None), 20.0
    )


def time_of(redis_url: str) -> float:
    with redis.Redis.from_url(redis_url) as client:
        seconds, microseconds = client.time()
    return int(seconds) + int(microseconds) / 1e6


def role_of(service: ServiceProcess) -> str:
    return str(get_json(service)["metrics"]["replication"]["role"])


def validity_left_s(message: service_pb2.StreamFeedbackResponse) -> float:
    """What a message of a stream tells of the validity that is left, which is what clients go by."""
    if message.WhichOneof("event") == "heartbeat":
        return (message.heartbeat.valid_until.ToMilliseconds() - message.heartbeat.timestamp.ToMilliseconds()) / 1000
    return (message.feedback.valid_until.ToMilliseconds() - message.sent_at.ToMilliseconds()) / 1000


def statuses(recorder: StreamRecorder) -> set[int]:
    return {each.status for each in recorder.feedbacks} | {each.status for each in recorder.heartbeats}


def never_lapsed(recorder: StreamRecorder) -> None:
    """No message was anything but ACTIVE, or told of more validity than there is, or of none."""
    assert recorder.error is None
    assert statuses(recorder) == {ACTIVE}
    left = [validity_left_s(message) for message in list(recorder.messages)]
    assert min(left) > 0
    assert max(left) <= VALIDITY_S + LEEWAY_S


def heartbeats() -> service_pb2.StreamFeedbackRequest:
    request = service_pb2.StreamFeedbackRequest()
    request.heartbeat_interval.FromMilliseconds(1_000)
    return request


def test_servers_an_hour_off_agree_and_a_change_of_leader_changes_nothing(
    start: Callable[..., ServiceProcess], moved_redis: MovedClockRedis, tmp_path: Path
) -> None:
    ahead = start(MovedTime(tmp_path / "ahead", HOUR_S))
    is_active(ahead)
    # A lease as short as this one may run out while a busy machine does something else; no other server is there yet.
    eventually(lambda: role_of(ahead) == "leader")
    behind = start(MovedTime(tmp_path / "behind", -HOUR_S))
    right = start()
    for service in (behind, right):
        is_active(service)

    def agree() -> bool:
        said = [get_feedback(service) for service in (ahead, behind, right)]
        return len({(each.epoch, each.revision, each.valid_until.ToMilliseconds()) for each in said}) == 1

    eventually(agree)
    for service, skew_s in ((ahead, HOUR_S), (behind, -HOUR_S), (right, 0)):
        shown = get_json(service)
        assert abs(shown["metrics"]["clock"]["skew_seconds"] - skew_s) < MINUTE_S
        assert any(problem.startswith("clock skew") for problem in shown["problems"]) is (skew_s != 0)
        (measured,) = [
            line.split()[1]
            for line in get_text(service, "/metrics").splitlines()
            if line.startswith("strategic_memory_clock_skew_seconds ")
        ]
        assert abs(float(measured) - skew_s) < MINUTE_S
    recorders = [StreamRecorder(service.grpc_address, heartbeats()) for service in (behind, right)]
    eventually(lambda: all(recorder.messages for recorder in recorders))
    # Whoever takes over has another clock.
    ahead.kill()
    follower = eventually(lambda: next((each for each in (behind, right) if role_of(each) == "leader"), None))
    computed_after(follower, time_of(moved_redis.process.url))
    computed_after(behind, time_of(moved_redis.process.url))
    for recorder in recorders:
        never_lapsed(recorder)
    assert {revision for recorder in recorders for revision in recorder.revisions} == {1}


@pytest.mark.parametrize("moved_s", [HOUR_S, -HOUR_S])
def test_the_clock_of_a_server_that_is_set_is_nothing_to_its_advice(
    start: Callable[..., ServiceProcess], moved_redis: MovedClockRedis, tmp_path: Path, moved_s: int
) -> None:
    time = MovedTime(tmp_path / "time")
    service = start(time)
    before = is_active(service)
    recorder = StreamRecorder(service.grpc_address, heartbeats())
    eventually(lambda: recorder.messages)
    time.move(moved_s)
    told_of(service, "clock skew")
    after = computed_after(service, time_of(moved_redis.process.url))
    assert 0 < after.valid_until.ToMilliseconds() - before.valid_until.ToMilliseconds() < HOUR_S * 500
    assert (after.epoch, after.revision) == (before.epoch, before.revision)
    never_lapsed(recorder)
    # Without Redis it ends all the same.
    moved_redis.process.kill()
    eventually(lambda: get_feedback(service).status == STALE, 60.0)
    time.move(-moved_s)
    moved_redis.process.start()
    if IS_ASKED_FOR:
        # This one keeps no users.
        least_url(moved_redis.process.url)
    is_active(service)


@pytest.mark.parametrize("moved_s", [HOUR_S, -HOUR_S])
def test_the_clock_of_redis_that_is_set_prolongs_nothing_and_cuts_nothing_short(
    start: Callable[..., ServiceProcess], moved_redis: MovedClockRedis, moved_s: int
) -> None:
    service, other = start(), start()
    leader = is_active(service)
    is_active(other)
    recorders = [StreamRecorder(each.grpc_address, heartbeats()) for each in (service, other)]
    eventually(lambda: all(recorder.messages for recorder in recorders))
    moved_redis.move_clock(moved_s)
    now_s = time_of(moved_redis.process.url)
    assert abs(now_s - leader.timestamp.seconds) > HOUR_S / 2
    for each in (service, other):
        after = computed_near(each, now_s)
        assert after.valid_until.ToMilliseconds() - after.timestamp.ToMilliseconds() == VALIDITY_S * 1000
        told = re.search(r"([0-9.]+) s (forward|back)", told_of(each, "redis clock set"))
        assert told is not None
        assert told[2] == ("forward" if moved_s > 0 else "back")
        assert abs(float(told[1]) - HOUR_S) < MINUTE_S
    heard = [len(recorder.messages) for recorder in recorders]
    eventually(lambda: all(len(recorder.messages) > count for recorder, count in zip(recorders, heard, strict=True)))
    for recorder in recorders:
        never_lapsed(recorder)


def test_what_has_lapsed_is_not_revived_by_a_clock_of_redis_that_is_set_back(
    start: Callable[..., ServiceProcess], moved_redis: MovedClockRedis
) -> None:
    leader, serving = start(), start(serves=True)
    said = is_active(serving)
    leader.kill()
    stale = eventually(lambda: now if (now := get_feedback(serving)).status == STALE else None, 60.0)
    moved_redis.move_clock(-HOUR_S)
    newcomer = start(serves=True)
    # It has read the log, and cannot tell how old that is by a clock that is behind it.
    read = eventually(lambda: now if (now := get_feedback(newcomer)).revision == said.revision else None)
    assert (stale.status, read.status) == (STALE, STALE)
    told_of(serving, "redis clock set")
    assert get_feedback(serving).status == STALE
    successor = start()
    for service in (successor, serving, newcomer):
        assert is_active(service).timestamp.seconds < said.timestamp.seconds - HOUR_S / 2


def test_a_client_an_hour_off_acts_as_long_as_any_other_and_is_told(
    start: Callable[..., ServiceProcess], tmp_path: Path
) -> None:
    service = start()
    is_active(service)
    for skew_s in (HOUR_S, -HOUR_S):
        time = MovedTime(tmp_path / "time", skew_s)
        ended = subprocess.run(
            [command_path("strategic-memory"), "health", "--address", service.grpc_address, "--json"],
            env=os.environ | time.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        shown = json.loads(ended.stdout)
        assert shown["may_be_acted_upon"] is True
        assert abs(shown["clock_skew_s"] - skew_s) < MINUTE_S
        (problem,) = [each for each in shown["problems"] if each.startswith("clock_of_this_machine")]
        told = re.search(r"([0-9.]+) s (ahead|behind)", problem)
        assert told is not None, problem
        assert told[2] == ("ahead" if skew_s > 0 else "behind")
        assert abs(float(told[1]) - HOUR_S) < MINUTE_S
