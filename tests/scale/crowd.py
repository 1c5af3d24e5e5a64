"""Thousands of streams on two workers: one change reaches all of them, also after a worker was killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import grpc
import redis
from chaos.deadline import NotInTimeError
from chaos.observer_client import ObserverClient
from chaos.producer import Producer
from chaos.server_fleet import Server
from history.checker import check
from history.history_recorder import HistoryRecorder
from history.model import Delivery, FeedbackMessage, History, Status
from history.subscriber_recorder import SubscriberSettings
from redis.exceptions import RedisError
from scale.figures import Part
from scale.taken import Taken, resident_mib
from scale.until import end_if_interrupted, until

from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis, Persistence

_NOT_AS_IT_SHOULD_BE = (NotInTimeError, RedisError, OSError)
_STREAMS_OF_A_CONNECTION = 20
_WORKERS = 2
_CHANGES = 3
_BEGUN_AT_ONCE = 250
_HEARTBEAT_S = 15.0
_SETTLED_WITHIN_S = 120.0
_REVISION_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class CrowdSettings:
    """How many there are.

    Attributes:
        streams: subscribers, each of which is recorded.
        measured_s: how long what they take is measured while nothing is said but heartbeats, seconds.
    """

    streams: int = 5_000
    measured_s: float = 30.0


class Crowd:
    """Subscribers of one server of two workers, open while its context is.

    Args:
        settings: how many.
        seed: of what is written.
        folder: for the logs of the server.
    """

    def __init__(self, settings: CrowdSettings, seed: int, folder: Path) -> None:
        self._settings = settings
        self._seed = seed
        self._folder = folder

    async def __aenter__(self) -> Self:
        """Start the server, and wait until everybody has been sent advice."""
        async with AsyncExitStack() as stack:
            self.redis = await asyncio.to_thread(EmbeddedRedis(persistence=Persistence.ALWAYS).start)
            stack.push_async_callback(asyncio.to_thread, self.redis.close)
            environment = {
                "REDIS_URL": self.redis.url,
                "STRATEGIC_MEMORY_WORKERS": str(_WORKERS),
                "STRATEGIC_MEMORY_MAX_SUBSCRIBERS": str(self._settings.streams + 1),
                "STRATEGIC_MEMORY_PEER_SHARE": "1",
            }
            self.server = Server("server", self._folder, environment, None, lambda _: None)
            stack.push_async_callback(asyncio.to_thread, self.server.close)
            await self.server.start()
            self.recorder = await stack.enter_async_context(HistoryRecorder(self.redis.url, seed=self._seed))
            self.recorder.shared = (self.server.address,)
            client = ObserverClient(lambda: self.redis.url)
            stack.push_async_callback(client.close)
            self._producer = Producer(client, "quantum", self._seed, 1.0)
            for _ in range(4):
                await self._producer.write()
            await until(lambda: self.recorder.log.reading.newest.revision > 0, "there is advice")
            self.bare_mib = resident_mib(self.pids)
            await self._subscribe()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything; what was observed stays."""
        await self._stack.aclose()

    @property
    def pids(self) -> list[int]:
        """Ids of all processes of the server."""
        return [self.server.process.pid, *self.server.workers()]

    @property
    def open_streams(self) -> int:
        """How many subscribers have a stream that has brought a message."""
        return sum(each.is_open for each in self.recorder.subscribers)

    async def change(self) -> float:
        """Make a change; seconds until everybody has heard of it."""
        reading = self.recorder.log.reading
        before, begun_s = reading.newest, time.monotonic()
        while reading.newest == before:
            # Not every entry changes the advice.
            begun_s = time.monotonic()
            await self._producer.write()
            with contextlib.suppress(NotInTimeError):
                await until(lambda: reading.newest != before, "it is a revision", _REVISION_WITHIN_S)
        await self.everybody_at_newest()
        return time.monotonic() - begun_s

    async def message_bytes(self) -> int:
        """Return how long a message with the feedback in force is."""
        async with grpc.aio.insecure_channel(self.server.address) as channel:
            stub = service_pb2_grpc.StrategicMemoryServiceStub(channel)
            return (await stub.GetFeedback(service_pb2.GetFeedbackRequest())).ByteSize()

    async def everybody_at_newest(self) -> None:
        """Wait until every stream is open, and has brought the newest revision."""

        def are_there() -> bool:
            newest = self.recorder.log.reading.newest
            return all(each.is_open and each.position == newest for each in self.recorder.subscribers)

        await until(are_there, "everybody has heard of the newest revision")

    async def _subscribe(self) -> None:
        deliveries = list(Delivery)
        for number in range(self._settings.streams):
            delivery = deliveries[number % len(deliveries)]
            connection = f"connection {number // _STREAMS_OF_A_CONNECTION}"
            name = f"{delivery.value} {number}"
            self.recorder.subscribe(
                SubscriberSettings(name, (self.server.address,), delivery, _HEARTBEAT_S, connection=connection)
            )
            if number % _BEGUN_AT_ONCE == 0:
                await until(lambda: self.open_streams >= len(self.recorder.subscribers) - _BEGUN_AT_ONCE, "they begin")
        await self.everybody_at_newest()


async def play(settings: CrowdSettings, seed: int, folder: Path) -> tuple[Part, list[History]]:
    """Play changes, and one while a worker is killed; check everything that was heard."""
    part, history = Part(f"{settings.streams:,} streams on {_WORKERS} workers"), History()
    try:
        begun_s = time.monotonic()
        async with Crowd(settings, seed, folder) as crowd:
            _after(part, "all are open", begun_s)
            try:
                await _played(crowd, settings, part)
                history = await crowd.recorder.settled_history(_SETTLED_WITHIN_S)
            finally:
                history = history if history.settled_ms else crowd.recorder.history()
    except _NOT_AS_IT_SHOULD_BE as error:
        end_if_interrupted(error)
        part.problems.append(f"{type(error).__name__}: {error}")
    violations = await asyncio.to_thread(check, history)
    part.problems += [str(violation) for violation in violations]
    messages = [message for each in history.subscribers for stream in each.streams for message in stream.messages]
    part.tell("revisions", f"{len(history.publishes)}")
    part.tell("deliveries checked", f"{len(messages):,}")
    wrong = {violation.where.partition(",")[0] for violation in violations}
    part.count("subscribers with no promise broken", len(history.subscribers) - len(wrong), len(history.subscribers))
    return part, [history]


async def _played(crowd: Crowd, settings: CrowdSettings, part: Part) -> None:
    with redis.Redis.from_url(crowd.redis.url) as client:
        taken = Taken(crowd.pids, [crowd.redis.pid], [client])
        await asyncio.sleep(settings.measured_s)
        load = taken.load()
    part.tell("all processes of the server, heartbeats alone, of a core", f"{load.servers:.3f}")
    part.tell("Redis meanwhile, of a core", f"{load.redis:.3f}")
    part.tell("commands a second meanwhile, those in scripts too", f"{load.commands:,.0f}")
    held_mib = resident_mib(crowd.pids)
    part.tell("memory of all processes of the server", f"{held_mib:.0f} MiB")
    part.tell("of it for each stream", f"{(held_mib - crowd.bare_mib) * 1024 / settings.streams:.1f} KiB")
    part.tell("a message with a feedback", f"{await crowd.message_bytes():,} bytes")
    took_s = [await crowd.change() for _ in range(_CHANGES)]
    part.tell("one change has reached all, by this process, within", f"{max(took_s) * 1_000:.0f} ms")
    killed = min(crowd.server.workers())
    with crowd.recorder.fault("worker killed", recovery_s=5.0):
        before = crowd.open_streams
        begun_s = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        await until(lambda: crowd.open_streams < before, "streams of the worker end")
        await crowd.change()
        _after(part, "a worker was killed; a change has reached all", begun_s)
        await until(lambda: len(crowd.server.workers() - {killed}) == _WORKERS, "the worker was started again")
    await crowd.change()
    part.count("streams that are ACTIVE", _active(crowd), settings.streams)


def _active(crowd: Crowd) -> int:
    """Count the subscribers who were told last that the advice is in force."""
    last = (_last_feedback(each.recorded().streams[-1].messages) for each in crowd.recorder.subscribers)
    return Counter(each.feedback.status for each in last if each is not None)[Status.ACTIVE]


def _last_feedback(messages: tuple[object, ...]) -> FeedbackMessage | None:
    return next((each for each in reversed(messages) if isinstance(each, FeedbackMessage)), None)


def _after(part: Part, what: str, begun_s: float) -> None:
    part.tell(f"{what}, after", f"{time.monotonic() - begun_s:.1f} s")
