"""Plays what is worse than a kill on client libraries in other languages: a server that is frozen, and lost history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import redis
from faults.process_signals import Suspension
from history.cancellation import cancel_all
from history.checker import check
from history.model import Answer, Status
from languages.kills import Outcome, Scene, scene
from languages.program import Library, Program

_HEARTBEAT_MS = 100
_NEWEST_MS = 20


async def play_losses(libraries: Sequence[Library], folder: Path, seed: int = 1) -> Outcome:
    """Freeze the only server until `newest` is withdrawn, then empty its Redis, and check what is handed out.

    Raises:
        NotInTimeError: `newest` did not become safe, did not come back, or a program did not come to the new epoch.
    """
    outcome = Outcome()
    async with scene(folder, 1, seed) as playing:
        outcome.programs = playing.follow(libraries, _HEARTBEAT_MS, _NEWEST_MS)
        await playing.all_hear(outcome.programs, 0.0)
        readers = [program for program in outcome.programs if program.name.endswith("LATEST")]
        await _newest_is(playing, readers, Status.ACTIVE)
        with playing.recorder.fault("frozen"):
            frozen = await asyncio.to_thread(Suspension, playing.fleet.servers[0].process.pid, 60.0)
            try:
                await _newest_is(playing, readers, Status.STALE)
                # One that had just been lost for another reason, as connections come of age, finds out only now.
                await playing.until(
                    lambda: all(not program.is_open and _fell_silent(program) for program in outcome.programs),
                    "every program notices",
                )
            finally:
                await asyncio.to_thread(frozen.end)
            await _newest_is(playing, readers, Status.ACTIVE)
        with playing.recorder.fault("lost history", recovery_s=5.0):
            epoch = playing.recorder.log.reading.newest.epoch
            with redis.Redis.from_url(playing.redis_url) as client:
                await asyncio.to_thread(client.flushall)
            await playing.until(
                lambda: all(each.position and each.position.epoch != epoch for each in outcome.programs),
                "every program comes to the new epoch",
            )
        await cancel_all([playing.production])
        outcome.history = await playing.recorder.settled_history()
    outcome.problems = [str(each) for each in await asyncio.to_thread(check, outcome.history)]
    return outcome


async def _newest_is(playing: Scene, readers: Sequence[Program], status: Status) -> None:
    """Wait until every program that reads `newest` is given such a one."""
    await playing.until(
        lambda: all(each.answers and _given(each.answers[-1]) is status for each in readers),
        f"newest is {status.name}",
    )


def _given(answer: Answer) -> Status:
    return answer.feedback.status


def _fell_silent(program: Program) -> bool:
    """Whether a program has told that it heard nothing from a server for too long."""
    return any("Silent" in error for error in program.lost_to)
