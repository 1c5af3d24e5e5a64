"""Plays kills of servers on client libraries in other languages, and checks what these print."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaos.deadline import RECOVERS_WITHIN_S, NotInTimeError
from chaos.observer_client import ObserverClient
from chaos.producer import Producer
from chaos.server_fleet import Server, ServerFleet
from faults.free_ports import HOST, free_port
from history.cancellation import cancel_all
from history.checker import check
from history.history_recorder import HistoryRecorder
from history.model import Delivery, History
from languages.program import Library, Program

from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

_POLL_S = 0.01
_HEARTBEAT_MS = 200
_NEWEST_MS = 20
_ENTRIES_EVERY_S = 0.06
_SERVER = {
    "MEMORY_SYNC_INTERVAL": "0.5",
    "STRATEGIC_MEMORY_VALIDITY": "60",
    "STRATEGIC_MEMORY_LEASE": "0.6",
    "STRATEGIC_MEMORY_MAX_CONNECTION_AGE": "5",
}
"""Connections come of age every now and then, beside all that is done to their servers."""


@dataclass(slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        kills: servers that were killed.
        drains: servers that were asked to end.
        problems: violations of promises.
        history: what was observed.
        programs: who was followed.
        back_s: how long after the server was back each program heard it, seconds, by its name.
    """

    kills: int = 0
    drains: int = 0
    problems: list[str] = field(default_factory=list)
    history: History = field(default_factory=History)
    programs: list[Program] = field(default_factory=list)
    back_s: dict[str, float] = field(default_factory=dict)

    @property
    def published(self) -> list[tuple[str, int]]:
        """Epoch and revision of everything that was seen in the log, in order."""
        return [(each.feedback.position.epoch, each.feedback.position.revision) for each in self.history.publishes]

    def doubles(self, program: Program) -> int:
        """Return how many revisions came to a program twice or more."""
        return len(program.revisions) - len(set(program.revisions))

    def gaps(self, program: Program) -> int:
        """Return how many revisions did not come to a program, of those since its first."""
        begun = self.published.index(program.revisions[0])
        return len(set(self.published[begun:]) - set(program.revisions))


@dataclass(slots=True)
class Scene:
    """Servers, a producer, and who records them."""

    fleet: ServerFleet
    recorder: HistoryRecorder
    production: asyncio.Task[None]
    redis_url: str

    def follow(self, libraries: Sequence[Library], heartbeat_ms: int | None, newest_ms: int | None) -> list[Program]:
        """Start two programs of each library: one that wants every revision, and one that reads `newest` too."""
        programs = []
        for library in libraries:
            for delivery, newest in ((Delivery.EVERY, None), (Delivery.LATEST, newest_ms)):
                program = Program(
                    library,
                    self.fleet.addresses,
                    delivery,
                    self.recorder,
                    heartbeat_ms=heartbeat_ms,
                    newest_every_ms=newest,
                )
                self.recorder.add_subscriber(program)
                self.recorder.samplers.append(program)
                programs.append(program)
        return programs

    async def until(self, condition: Callable[[], bool], what: str, within_s: float = RECOVERS_WITHIN_S) -> None:
        """Wait until a condition holds.

        Raises:
            NotInTimeError: it did not in time.
        """
        deadline_s = asyncio.get_running_loop().time() + within_s
        while not condition():
            if asyncio.get_running_loop().time() > deadline_s:
                raise NotInTimeError(f"not within {within_s:g} s: {what}")
            self.recorder.history()  # raises what has failed meanwhile
            await asyncio.sleep(_POLL_S)

    async def more_revisions(self, count: int) -> None:
        """Wait until so many more revisions were published than there are now. Raises NotInTimeError."""
        log, from_ms = self.recorder.log, self.recorder.clock.now_ms()
        # What the server that has just ended had published may not have been read yet, and is none of them.
        await self.until(lambda: log.completed_ms > from_ms, "the log is read to its end")
        until = len(log.reading.publishes) + count
        await self.until(lambda: len(log.reading.publishes) >= until, f"{count} more revisions")

    async def all_hear(self, programs: Sequence[Program], since_ms: float) -> None:
        """Wait until every program has heard a server since then. Raises NotInTimeError."""
        await self.until(
            lambda: all(program.is_open and program.heard_ms >= since_ms for program in programs),
            "every program hears a server",
        )


@asynccontextmanager
async def scene(folder: Path, servers: int, seed: int) -> AsyncGenerator[Scene]:
    """Start a Redis, servers, a producer and the recorder; end them all."""
    async with AsyncExitStack() as stack:
        redis = await asyncio.to_thread(lambda: stack.enter_context(EmbeddedRedis()))
        recorder = await stack.enter_async_context(HistoryRecorder(redis.url, seed=seed))
        fleet = ServerFleet(recorder.restarting)
        stack.callback(fleet.close)
        for _ in range(servers):
            # A port that the kernel had drawn could be drawn for another process while this server is away.
            address = {"STRATEGIC_MEMORY_GRPC_ADDRESS": f"{HOST}:{free_port()}"}
            fleet.add(folder, redis.url, {**_SERVER, **address}, None)
        await fleet.start()
        producing = ObserverClient(lambda: redis.url)
        stack.push_async_callback(producing.close)
        production = asyncio.create_task(Producer(producing, "quantum", seed, _ENTRIES_EVERY_S).run())
        stack.push_async_callback(cancel_all, [production])
        playing = Scene(fleet, recorder, production, redis.url)
        await playing.more_revisions(2)
        yield playing


async def play_kills(libraries: Sequence[Library], times: int, folder: Path, seed: int = 1) -> Outcome:
    """End one of two servers so many times, mostly with SIGKILL, and check what the libraries hand out meanwhile."""
    outcome = Outcome()
    async with scene(folder, 2, seed) as playing:
        outcome.programs = playing.follow(libraries, _HEARTBEAT_MS, _NEWEST_MS)
        await playing.all_hear(outcome.programs, 0.0)
        for number in range(times):
            await playing.more_revisions(2)
            with playing.recorder.fault(f"server ended, {number}"):
                await _end_and_start(playing, playing.fleet.servers[number % 2], outcome)
        await cancel_all([playing.production])
        outcome.history = await playing.recorder.settled_history()
    outcome.problems = [str(each) for each in await asyncio.to_thread(check, outcome.history)]
    return outcome


async def play_outage(libraries: Sequence[Library], seconds: float, folder: Path, seed: int = 1) -> Outcome:
    """Kill the only server, start it again after some seconds, and measure when the libraries hear it."""
    outcome = Outcome(kills=1)
    async with scene(folder, 1, seed) as playing:
        outcome.programs = playing.follow(libraries, None, None)
        await playing.all_hear(outcome.programs, 0.0)
        (server,) = playing.fleet.servers
        with playing.recorder.fault("outage"):
            await server.kill()
            await asyncio.sleep(seconds)
            await server.start()
            back_ms = playing.recorder.clock.now_ms()
            await playing.all_hear(outcome.programs, back_ms)
            outcome.back_s = {each.name: (each.heard_ms - back_ms) / 1_000 for each in outcome.programs}
        await cancel_all([playing.production])
        outcome.history = await playing.recorder.settled_history()
    outcome.problems = [str(each) for each in await asyncio.to_thread(check, outcome.history)]
    return outcome


async def _end_and_start(playing: Scene, server: Server, outcome: Outcome) -> None:
    """End a server, every fourth one by SIGTERM; start it again once the other leads, and everybody is there."""
    if (outcome.kills + outcome.drains) % 4 == 3:
        outcome.drains += 1
        await server.terminate()
    else:
        outcome.kills += 1
        await server.kill()
    await playing.more_revisions(1)
    await server.start()
    await playing.all_hear(outcome.programs, playing.recorder.clock.now_ms())
