"""Whole histories of real services: as promised they pass, and what is broken behind their back is found."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter

import pytest
import redis
from conftest import StartService
from history.checker import check
from history.event_budget import HistoryTooLongError
from history.history_recorder import HistoryRecorder
from history.log_entries import LOG, entry
from history.log_reading import revision_of
from history.model import Delivery, FeedbackMessage, HeartbeatMessage, Subscriber
from history.promises import Promise
from history.subscriber_recorder import SILENT, SubscriberSettings
from patient_redis import PATIENCE_S
from processes import ServiceProcess, aeventually
from redis.typing import EncodableT, FieldT
from redis_inputs import add_regime, read_stream

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

LONG_VALID = {"STRATEGIC_MEMORY_VALIDITY": "60"}
FEW_RETAINED = {**LONG_VALID, "STRATEGIC_MEMORY_RETAINED_REVISIONS": "4", "STRATEGIC_MEMORY_RECENT_REVISIONS": "2"}
SLOW_S = 2.0
"""Much longer than it takes until there is one revision more, also on a machine that has much else to do."""


def patient_client(server: EmbeddedRedis) -> redis.Redis:
    # What is sent once more after a timeout may have been done before, and would be one revision more.
    return redis.Redis.from_url(server.url, socket_timeout=PATIENCE_S)


async def started(
    start_service: StartService, url: str, number: int = 1, env: dict[str, str] | None = None
) -> list[ServiceProcess]:
    services = [
        start_service(url, sync_interval_s=0.1, env=env or LONG_VALID, wait_until_ready=False) for _ in range(number)
    ]
    for service in services:
        await asyncio.to_thread(service.ready_line)
    return services


async def publish(client: redis.Redis, recorder: HistoryRecorder, revisions: int) -> None:
    """Make new observations until there are so many more revisions."""
    for _ in range(revisions):
        known = len(recorder.log.reading.publishes)
        for _ in range(1 if known else 3):
            add_regime(client, "BULL", 0.1 + known / 100)
        await aeventually(lambda known=known: len(recorder.log.reading.publishes) > known)  # type: ignore[misc]


def received(subscriber: Subscriber) -> list[int]:
    messages = [message for stream in subscriber.streams for message in stream.messages]
    return [message.feedback.position.revision for message in messages if isinstance(message, FeedbackMessage)]


def has_beat(subscriber: Subscriber) -> bool:
    return any(isinstance(each, HeartbeatMessage) for each in subscriber.streams[-1].messages)


def has_failed(recorder: HistoryRecorder) -> bool:
    try:
        recorder.history()
    except HistoryTooLongError:
        return True
    return False


async def test_a_server_is_killed_under_its_subscribers(
    start_service: StartService, fresh_redis: EmbeddedRedis
) -> None:
    client = patient_client(fresh_redis)
    one, other = await started(start_service, fresh_redis.url, 2)
    addresses = (one.grpc_address, other.grpc_address)
    async with HistoryRecorder(fresh_redis.url) as recorder:
        for number in range(8):
            delivery = Delivery.EVERY if number % 2 else Delivery.LATEST
            name, send_current = f"subscriber {number}", number >= 4
            recorder.subscribe(SubscriberSettings(name, addresses, delivery, 0.2, send_current=send_current))
        sampler = recorder.sample(addresses[0])
        recorder.sample(addresses[1])
        await aeventually(lambda: all(each.is_open for each in recorder.subscribers))
        await publish(client, recorder, 1)
        # Who has no place to go on from yet would begin with what is in force then, if it left a server that is silent.
        await aeventually(lambda: all(each.position for each in recorder.subscribers))
        await aeventually(lambda: all(each.answers for each in recorder.samplers))
        await publish(client, recorder, 2)
        with recorder.fault("one server is killed"):
            await asyncio.to_thread(one.kill)
            await publish(client, recorder, 3)
        await publish(client, recorder, 2)
        await aeventually(lambda: has_beat(recorder.subscribers[0].recorded()), what="a heartbeat")
        history = await recorder.settled_history()
    assert [str(each) for each in check(history)] == []
    assert history.settled_ms is not None
    logged = [revision_of(entry_id) for entry_id, _ in read_stream(client, LOG)]
    assert [each.feedback.position.revision for each in history.publishes] == logged
    for subscriber in history.subscribers:
        assert len(subscriber.streams) > 1, "each was thrown out and went on"
        # One that has left the other for being silent may be looking whether the first is back.
        heard = [stream for stream in subscriber.streams if stream.messages]
        assert heard[-1].opening.resume_after is not None
        assert heard[-1].opening.address == other.grpc_address
        assert received(subscriber)[-1] == logged[-1]
        if subscriber.streams[0].opening.delivery is Delivery.EVERY:
            # With `send_current` the one that it resumes after comes again, at the head of another stream.
            told = [revision for revision in received(subscriber) if revision]
            assert told == logged or (subscriber.streams[0].opening.send_current and sorted(set(told)) == logged)
    assert {answer.address for answer in history.answers} == set(addresses)
    assert sampler.failures["UNAVAILABLE"] > 0


async def test_subscribers_that_read_slowly(start_service: StartService, fresh_redis: EmbeddedRedis) -> None:
    client = patient_client(fresh_redis)
    (service,) = await started(start_service, fresh_redis.url, env=FEW_RETAINED)
    async with HistoryRecorder(fresh_redis.url) as recorder:
        slow = [
            recorder.subscribe(
                SubscriberSettings(
                    delivery.name, (service.grpc_address,), delivery, 0.5,
                    read_pause_s=SLOW_S, window_bytes=1, connection=delivery.name,
                )
            )
            for delivery in Delivery
        ]  # fmt: skip
        await publish(client, recorder, 25)
        for each in slow:
            each.read_pause_s = 0.0
        history = await recorder.settled_history()
    assert [str(each) for each in check(history)] == []
    latest, every = history.subscribers
    messages = [message for stream in latest.streams for message in stream.messages]
    assert sum(each.skipped for each in messages if isinstance(each, FeedbackMessage)) > 0
    ends = Counter(stream.end.refusal.reason for stream in every.streams if stream.end and stream.end.refusal)
    assert ends["REVISION_COMPACTED"] > 0
    assert latest.slow


async def test_a_log_that_is_rewritten_by_hand_is_found(
    start_service: StartService, fresh_redis: EmbeddedRedis
) -> None:
    client = patient_client(fresh_redis)
    (service,) = await started(start_service, fresh_redis.url)
    async with HistoryRecorder(fresh_redis.url) as recorder:
        recorder.subscribe(SubscriberSettings("subscriber", (service.grpc_address,), heartbeat_interval_s=0.2))
        await publish(client, recorder, 2)
        await aeventually(lambda: recorder.subscribers[0].position == recorder.log.reading.newest)
        await asyncio.to_thread(service.kill)
        newest, known = recorder.log.reading.newest, len(recorder.log.reading.publishes)
        _, fields = entry(newest.revision, newest.epoch, regime="BEAR")
        written: dict[FieldT, EncodableT] = dict(fields.items())
        with client.pipeline(transaction=True) as pipeline:
            pipeline.delete(LOG)
            pipeline.xadd(LOG, written, id=f"{newest.revision}-0")
            pipeline.execute()
        await aeventually(lambda: len(recorder.log.reading.publishes) > known)
        violations = check(recorder.history())
    assert {violation.promise for violation in violations} == {Promise.UNIQUE}
    assert "the log said" in str(violations[0])


async def test_a_server_that_falls_silent_is_left(start_service: StartService, fresh_redis: EmbeddedRedis) -> None:
    (service,) = await started(start_service, fresh_redis.url)
    # The kernel takes the connection, and nobody ever reads what comes on it.
    silent = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{silent.getsockname()[1]}"
    async with HistoryRecorder(fresh_redis.url) as recorder:
        settings = SubscriberSettings("subscriber", (address, service.grpc_address), heartbeat_interval_s=0.1)
        subscriber = recorder.subscribe(settings)
        await aeventually(lambda: subscriber.is_open)
        history = recorder.history()
    ends = [stream.end for stream in history.subscribers[0].streams]
    assert ends[0] is not None
    assert (ends[0].code, ends[0].by_observer, ends[-1]) == (SILENT, True, None)
    assert check(history) == []
    silent.close()


async def test_who_cannot_settle_is_named(start_service: StartService, fresh_redis: EmbeddedRedis) -> None:
    client = patient_client(fresh_redis)
    (service,) = await started(start_service, fresh_redis.url)
    async with HistoryRecorder(fresh_redis.url) as recorder:
        near = recorder.subscribe(SubscriberSettings("in reach", (service.grpc_address,)))
        recorder.subscribe(SubscriberSettings("out of reach", ("127.0.0.1:1",)))
        await publish(client, recorder, 1)
        # It is the other one that is waited for in vain.
        await aeventually(lambda: near.is_open and near.position == recorder.log.reading.newest)
        history = await recorder.settled_history(within_s=0.5)
        assert recorder.streamless == ["out of reach"]
    assert [(each.promise, each.where) for each in check(history)] == [(Promise.LATEST, "out of reach")]


async def test_a_history_that_grows_too_long_fails(start_service: StartService, fresh_redis: EmbeddedRedis) -> None:
    (service,) = await started(start_service, fresh_redis.url)
    async with HistoryRecorder(fresh_redis.url, events=12) as recorder:
        recorder.sample(service.grpc_address, every_s=0.0)
        await aeventually(lambda: has_failed(recorder))
        with pytest.raises(HistoryTooLongError):
            await recorder.settled_history()


async def test_faults_are_kept_with_their_time(fresh_redis: EmbeddedRedis) -> None:
    async with HistoryRecorder(fresh_redis.url) as recorder:
        before_ms = recorder.clock.now_ms()
        with recorder.fault("outer", recovery_s=2.0):
            with recorder.fault("inner"):
                assert [(each.name, each.until_ms) for each in recorder.history().faults] == [
                    ("outer", float("inf")),
                    ("inner", float("inf")),
                ]
            assert [each.name for each in recorder.history().faults] == ["inner", "outer"]
        outer = recorder.history().faults[1]
        after_ms = recorder.clock.now_ms()
    assert before_ms <= outer.from_ms <= outer.until_ms - 2_000 <= after_ms
