"""Stage: a real Redis, real servers, real clients and a producer, all under observation, for faults to be played on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

from chaos.deadline import RECOVERS_WITHIN_S, NotInTimeError
from chaos.fencing_watch import FencingWatch
from chaos.observer_client import ObserverClient
from chaos.producer import Producer
from chaos.redis_under_test import RedisUnderTest
from chaos.server_fleet import Server, ServerFleet
from chaos.stage_settings import StageSettings
from chaos.subscribers import subscribe_all, subscribe_slowly
from chaos.unread_crowd import UnreadCrowd
from chaos.write_monitor import WriteMonitor
from faults.free_ports import HOST, free_port
from history.cancellation import cancel_all
from history.history_recorder import HistoryRecorder
from history.model import Position
from history.subscriber_recorder import SubscriberRecorder
from patient_redis import PATIENCE_S
from previous_version import previous_pythonpath
from redis import Redis

from strategic_memory_server.revisions.log_keys import LogKeys

Value = TypeVar("Value")

_POLL_S = 0.01


class Stage:
    """Open while its context is.

    Args:
        settings: how it is set.
        seed: of everything that is drawn.
        folder: for the logs of the servers.
    """

    def __init__(self, settings: StageSettings, seed: int, folder: Path) -> None:
        self.settings = settings
        self.draw = random.Random(seed)
        self.fleet = ServerFleet(self._restarting)
        self.replacement_s: list[float] = []
        """How long it took each time until another server led, seconds."""
        self.other: Server | None = None
        """The server that has other settings than the others."""
        self.previous_pythonpath = ""
        """What a server of the previous version is run by, where there are any."""
        self._slow: list[SubscriberRecorder] = []
        self._seed = seed
        self._folder = folder
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def redis(self) -> RedisUnderTest:
        """The Redis."""
        return self._redis

    async def __aenter__(self) -> Self:
        """Start everything, and wait for the first revision."""
        async with AsyncExitStack() as stack:
            self._redis = await asyncio.to_thread(self.settings.redis)
            self._close_in_thread(stack, self._redis.close)
            self._close_in_thread(stack, self.fleet.close)
            if self.settings.begins_with_previous:
                self.previous_pythonpath = await asyncio.to_thread(previous_pythonpath)
            for _ in range(self.settings.servers):
                self.add_server()
            await self.fleet.start()
            if other_settings := dict(self.settings.other_settings):
                # Whoever finds no log leads, whatever its settings are.
                await self.until(self._is_log_written, "a server has written the log")
                self.other = self.add_server(other_settings)
                await self.other.start()
            prefix = self._redis.prefix
            self.recorder = await stack.enter_async_context(
                HistoryRecorder(self._redis.master_url, prefix=prefix, seed=self._seed)
            )
            producing, watching = (ObserverClient(self._redis.master_url) for _ in range(2))
            stack.push_async_callback(producing.close)
            stack.push_async_callback(watching.close)
            self.producer = Producer(
                producing,
                prefix,
                self._seed,
                self.settings.entries_every_s,
                counts_microseconds=self.settings.counts_microseconds,
            )
            self.fencing = FencingWatch(watching, prefix, self.recorder.clock)
            stack.push_async_callback(self._stop)
            self._tasks.append(asyncio.create_task(self.fencing.run()))
            self.writes = WriteMonitor(self._redis.master_url, prefix)
            await asyncio.to_thread(self.writes.__enter__)
            self._close_in_thread(stack, self.writes.__exit__)
            if self.settings.workers > 1:
                self.recorder.shared = self.fleet.addresses
            if self.settings.unread:
                crowd = await asyncio.to_thread(UnreadCrowd, self.fleet.addresses, self.settings.unread)
                self._close_in_thread(stack, crowd.close)
                self._slow = subscribe_slowly(self.recorder, self.fleet.addresses)
            # The previous version does not know that one may ask for it.
            send_current = not self.settings.begins_with_previous
            subscribe_all(self.recorder, self.fleet.addresses, send_current=send_current)
            self._resume_production()
            await self.progress()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything; what was observed stays."""
        await self._stack.aclose()

    def redis_client(self) -> Redis:
        """Return a client of the Redis that has the keys now; it blocks."""
        # What is sent once more after a timeout may have been done before.
        return Redis.from_url(self._redis.master_url(), socket_timeout=PATIENCE_S)

    def _is_log_written(self) -> bool:
        with self.redis_client() as client:
            return bool(client.hexists(LogKeys.under(self._redis.prefix).state, "run_id"))

    async def progress(self, within_s: float = RECOVERS_WITHIN_S) -> None:
        """Wait until an entry that is written from now on has been taken into account by a sync.

        Raises:
            NotInTimeError: it was not.
        """
        before = self.producer.written
        await self.until(lambda: self.producer.written > before, "the producer writes an entry", within_s)
        from_ms = self.producer.newest_ms
        await self.until(
            lambda: (look := self.fencing.newest) is not None and look.revision > 0 and look.data_as_of_ms >= from_ms,
            "a new entry is taken into account",
            within_s,
        )

    async def synced(self, within_s: float = RECOVERS_WITHIN_S) -> None:
        """Wait until a sync has succeeded whose result was worked out from now on, whether or not it is a revision.

        Raises:
            NotInTimeError: none did.
        """
        from_ms = self.recorder.clock.now_ms()
        await self.until(
            lambda: (look := self.fencing.newest) is not None and look.computed_at_ms >= from_ms,
            "a sync succeeds",
            within_s,
        )

    async def more_revisions(self, count: int) -> None:
        """Wait until so many more revisions were published than there are now.

        Raises:
            NotInTimeError: they were not.
        """
        log, from_ms = self.recorder.log, self.recorder.clock.now_ms()
        # What has been published by now may not have been read yet, and is none of them.
        await self.until(lambda: log.completed_ms > from_ms, "the log is read to its end")
        until = len(log.reading.publishes) + count
        await self.until(lambda: len(log.reading.publishes) >= until, f"{count} more revisions are published")

    async def leader(self) -> Server:
        """Wait until a server leads that runs, and give it."""

        def found() -> Server | None:
            look = self.fencing.newest
            server = self.fleet.of_pid(look.leader_pid) if look else None
            return server if server and look and server.runs_as(look.leader_pid) else None

        return await self.until(found, "a server leads")

    async def standby(self) -> Server:
        """Return a server that does not lead, drawn."""
        leader = await self.leader()
        return self.draw.choice([server for server in self.fleet.servers if server is not leader])

    async def another_leader(self, than: Server, since_ms: float) -> Server:
        """Wait until another server leads, and keep how long that took."""

        def found() -> Server | None:
            look = self.fencing.newest
            server = self.fleet.of_pid(look.leader_pid) if look else None
            return server if server is not None and server is not than else None

        server = await self.until(found, f"another server leads than {than.name}")
        self.replacement_s.append((self.recorder.clock.now_ms() - since_ms) / 1_000)
        return server

    async def until(
        self, condition: Callable[[], Value | None], what: str, within_s: float = RECOVERS_WITHIN_S
    ) -> Value:
        """Wait until a condition gives something true, and give that.

        Raises:
            NotInTimeError: it did not in time.
        """
        deadline_s = asyncio.get_running_loop().time() + within_s
        while not (value := condition()):
            if asyncio.get_running_loop().time() > deadline_s:
                raise NotInTimeError(f"not within {within_s:g} s: {what}")
            await asyncio.sleep(_POLL_S)
        return value

    async def settle(self) -> None:
        """Stop the producer, and wait until its last entry has been taken into account and the log been read."""
        await self.progress()
        for slow in self._slow:
            slow.read_pause_s = 0.0
        await cancel_all([self._production])
        last_ms = await self._last_entry()

        def still() -> bool:
            look = self.fencing.newest
            if look is None or look.data_as_of_ms < last_ms:
                return False
            return self.recorder.log.reading.newest == Position(look.epoch, look.revision)

        await self.until(still, "the last entry is taken into account")

    def add_server(self, settings: Mapping[str, str] = MappingProxyType({})) -> Server:
        """Add a server, not yet started, with some settings beside those of all."""
        target = self._redis.proxy_target if self.settings.proxied else None
        # A port that the kernel had drawn could be drawn for another process while this server is away.
        address = f"{HOST}:{free_port()}"
        environment = {**self._environment(), "STRATEGIC_MEMORY_GRPC_ADDRESS": address, **settings}
        if self.previous_pythonpath:
            environment["PYTHONPATH"] = self.previous_pythonpath
        return self.fleet.add(self._folder, self._redis.service_url, environment, target)

    async def _last_entry(self) -> int:
        """Write one entry more, and give its time: what was on its way as the producer was stopped comes before it.

        Raises:
            NotInTimeError: Redis took none.
        """
        deadline_s = asyncio.get_running_loop().time() + RECOVERS_WITHIN_S
        while not await self.producer.write():
            if asyncio.get_running_loop().time() > deadline_s:
                raise NotInTimeError(f"not within {RECOVERS_WITHIN_S:g} s: the producer writes its last entry")
            await asyncio.sleep(_POLL_S)
        return self.producer.newest_ms

    def _resume_production(self) -> None:
        self._production = asyncio.create_task(self.producer.run())
        self._tasks.append(self._production)

    def _restarting(self, address: str) -> None:
        self.recorder.restarting(address)

    async def _stop(self) -> None:
        await cancel_all(self._tasks)

    def _environment(self) -> dict[str, str]:
        settings = self.settings
        return {
            "MEMORY_SYNC_INTERVAL": "0.5",
            "STRATEGIC_MEMORY_VALIDITY": f"{settings.validity_s:g}",
            "STRATEGIC_MEMORY_LEASE": f"{settings.lease_s:g}",
            "STRATEGIC_MEMORY_KEY_PREFIX": self._redis.prefix,
            "STRATEGIC_MEMORY_RETAINED_REVISIONS": str(settings.retained_revisions),
            "STRATEGIC_MEMORY_REDIS_COMMAND_TIMEOUT": f"{settings.command_timeout_s:g}",
            "STRATEGIC_MEMORY_REDIS_CONNECT_TIMEOUT": "0.5",
            "STRATEGIC_MEMORY_LEAD_ANYWAY": "on" if settings.lead_anyway else "off",
            **({"STRATEGIC_MEMORY_WORKERS": str(settings.workers)} if settings.workers > 1 else {}),
        }

    @staticmethod
    def _close_in_thread(stack: AsyncExitStack, close: Callable[[], None]) -> None:
        async def closed() -> None:
            await asyncio.to_thread(close)

        stack.push_async_callback(closed)
