"""A soak: rounds of events on real servers, everything recorded, and what the servers take looked at in between."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from chaos.client_history import ClientHistory
from chaos.client_recorders import AsyncClientRecorder
from chaos.deadline import NotInTimeError
from chaos.redis_under_test import SingleRedis
from chaos.remembered_trades import still_miscounted_trades
from chaos.server_fleet import Server
from chaos.stage import Stage
from chaos.stage_settings import StageSettings
from faults.redis_process import RedisProcessError
from history.checker import check
from history.model import Delivery, History
from redis.exceptions import RedisError
from soak.events import EVENTS, Place
from soak.guarded_server import GuardedFiles
from soak.vitals import Course, Vitals, courses, vitals_of
from soak.waits import Waits

from strategic_memory_client import AsyncStrategicMemoryClient
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedisError, Persistence

_NOT_AS_IT_SHOULD_BE = (NotInTimeError, RedisProcessError, EmbeddedRedisError, RedisError, OSError)
_ENDS_WITHIN_S = 120.0
_MOST_MIB = 256.0

JUDGED_ROUNDS = 2
"""Least number of rounds after the warm-up from which growth is judged."""


@dataclass(slots=True)
class Soaked:
    """What came of a soak."""

    history: History = field(default_factory=History)
    events: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    waits: Waits = field(default_factory=Waits)
    courses: list[Course] = field(default_factory=list)
    """How what the servers take went; empty where it was too short a time to judge that."""
    most_mib: float = 0.0
    """The most memory that any server took between two events, MiB."""
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


async def soak(seconds: float, seed: int, scale: float, folder: Path) -> Soaked:
    """Play rounds of events until so many seconds have passed, at least one whole round.

    Args:
        seconds: how long.
        seed: of everything that is drawn.
        scale: how much of the whole floods are.
        folder: for the logs of the servers, and their files.
    """
    came, begun_s = Soaked(), time.monotonic()
    settings = StageSettings(lambda: SingleRedis(Persistence.ALWAYS), command_timeout_s=2.0, lease_s=2.0)
    try:
        async with AsyncExitStack() as stack:
            stage = await stack.enter_async_context(Stage(settings, seed, folder))
            place = await _with_guarded(stage, folder, scale)
            plain = stage.fleet.servers[0]
            await stack.enter_async_context(came.waits.probing(plain.address, plain.process.http_address))
            try:
                await _rounds(place, came, begun_s + seconds)
                await stage.settle()
                with stage.redis_client() as client:
                    miscounted = await asyncio.to_thread(still_miscounted_trades, client, stage.redis.prefix, 20.0)
                came.problems += [miscounted] if miscounted else []
                came.history = await stage.recorder.settled_history()
                came.problems += [f"{name} is let in no more" for name in stage.recorder.streamless]
            finally:
                came.history = came.history if came.history.settled_ms else stage.recorder.history()
                came.problems += [*stage.fencing.setbacks, *stage.writes.setbacks, *stage.writes.late]
    except _NOT_AS_IT_SHOULD_BE as error:
        came.problems.append(f"{type(error).__name__}: {error}")
    came.problems += [str(violation) for violation in await asyncio.to_thread(check, came.history)]
    if (epochs := len(came.history.epochs)) != 1:
        came.problems.append(f"there were {epochs} epochs, though nothing is lost")
    came.seconds = time.monotonic() - begun_s
    return came


async def _with_guarded(stage: Stage, folder: Path, scale: float) -> Place:
    """Add a server with TLS and an access file, and two who follow it."""
    files = await asyncio.to_thread(_files, folder / "guarded")
    guarded = stage.add_server(files.settings)
    await guarded.start()
    await _has_read_the_log(guarded, files)
    for delivery in Delivery:
        history = ClientHistory(f"guarded {delivery.value}", delivery, stage.recorder.clock, stage.recorder.budget)
        stage.recorder.add_subscriber(AsyncClientRecorder((guarded.address,), history, delivery, files.options))
    return Place(stage, guarded, files, scale, guarded)


async def _has_read_the_log(guarded: Server, files: GuardedFiles) -> None:
    """Wait until a server that has just begun serves what was published before."""
    async with AsyncStrategicMemoryClient(guarded.address, options=files.options) as client:
        async for feedback in client.stream_feedback():
            if feedback.revision:
                return


def _files(folder: Path) -> GuardedFiles:
    folder.mkdir(parents=True)
    return GuardedFiles(folder)


async def _rounds(place: Place, came: Soaked, until_s: float) -> None:
    """Play rounds; every flood goes to another server in each, and what grows is judged once all had each."""
    samples: dict[str, list[Vitals]] = defaultdict(list)
    servers = place.stage.fleet.servers
    while not came.events or time.monotonic() < until_s:
        came.rounds += 1
        for name in place.stage.draw.sample(sorted(EVENTS), len(EVENTS)):
            if came.rounds > 1 and time.monotonic() > until_s:
                break
            with came.waits.during(name):
                await _played(name, replace(place, flooded=servers[came.rounds % len(servers)]))
            came.events[name] += 1
            await place.stage.progress()
            for server in servers:
                found = vitals_of(server.process.pid)
                came.most_mib = max(came.most_mib, found.memory_mib)
                if came.rounds > len(servers):
                    samples[server.name].append(found)
    if all(len(samples[server.name]) >= JUDGED_ROUNDS * len(EVENTS) for server in servers):
        came.courses = [each for server in servers for each in courses(server.name, samples[server.name])]
    came.problems += _grown(came)


async def _played(name: str, place: Place) -> None:
    try:
        async with asyncio.timeout(_ENDS_WITHIN_S):
            await EVENTS[name](place)
    except TimeoutError:
        raise NotInTimeError(f"{name!r} did not end within {_ENDS_WITHIN_S:g} s") from None


def _grown(came: Soaked) -> list[str]:
    found = [
        f"{each.server}: {each.what} grew from {each.first:.1f} to {each.last:.1f}"
        for each in came.courses
        if each.has_grown
    ]
    return [*found, f"a server took {came.most_mib:.0f} MiB"] if came.most_mib > _MOST_MIB else found
