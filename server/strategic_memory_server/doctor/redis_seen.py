"""What Redis holds and says, looked at once: nothing is written. A part that the user may not ask for is None."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import redis.asyncio as redis
from redis.exceptions import NoPermissionError

from strategic_memory_server.configuration.service_settings import ServiceSettings
from strategic_memory_server.entries.input_keys import STREAM_SOURCES, key_of
from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.bookmark import StreamInfo
from strategic_memory_server.inputs.cap_problems import report_caps
from strategic_memory_server.inputs.input_problems import InputProblems
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.long_memory.memory_keys import MemoryKeys
from strategic_memory_server.memory.leverage_cap import NO_CAPS
from strategic_memory_server.memory.strategic_memory import StrategicMemory
from strategic_memory_server.redis_access.primary_connection import NotPrimaryError
from strategic_memory_server.redis_access.redis_connection import connect, describe_failure
from strategic_memory_server.redis_access.redis_script import ScriptMissingError
from strategic_memory_server.redis_access.round_trip import packed, round_trip
from strategic_memory_server.revisions.feedback_json import MalformedFeedbackError
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.revisions.lease import Claim
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.revisions.log_state import LogState
from strategic_memory_server.revisions.permissions import Permissions

LONGEST_WATCH_S = 5.0
"""Longest time for which the lease is watched, seconds."""

CLOCK_ASKED = 5
"""How often the clock of Redis is asked for; the answer that took the least tells best how far it is ahead."""

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class LogSeen:
    """What was seen of the feedback log, and of who may write it.

    Attributes:
        state: where it stands; None: nobody has opened it.
        unreadable: why the state cannot be read; None: it can.
        info: what XINFO STREAM says of it; None: not known, or there is none.
        spans_s: time between the oldest and the newest revision that are retained, seconds; None: not known.
        other_settings: a server that stands back since its settings differ, and these; empty: there is none.
        settings: the settings that the log was last written under, as text; empty: not known.
        is_led: whether a server held the lease when it was first looked at, or at last.
        takeovers: how often another server took the lease while it was watched.
        watched_s: for how long that was, seconds.
    """

    state: LogState | None
    unreadable: str | None
    info: StreamInfo | None
    spans_s: float | None
    other_settings: str
    settings: str
    is_led: bool
    takeovers: int
    watched_s: float


@dataclass(frozen=True, slots=True)
class RedisSeen:
    """What one look at Redis has shown.

    Attributes:
        clock_ms: the time by Redis, milliseconds since 1970-01-01 UTC; None: not known.
        ahead_s: how far that is ahead of the clock here, seconds; None: not known.
        info: INFO of memory, persistence and stats; None: not known.
        saves: when Redis saves, as `CONFIG GET save` says; None: not known.
        missing: permissions that the user lacks, as they stand in the rules of a user.
        own_types: types of the keys that this service keeps, by name of the key; those that are not there are left out.
        memory: the inputs, as the service reads them.
        streams: what XINFO STREAM says of each input stream that is there, by source.
        problems: what a service would tell of these inputs, by name.
        log: the feedback log.
        missing_script: that a script is missing which the user may not load, in a sentence; empty: none is known to be.
        no_writes: why Redis takes no writes; empty: it does, or that is not known.
    """

    clock_ms: int | None
    ahead_s: float | None
    info: Mapping[str, Any] | None
    saves: str | None
    missing: tuple[str, ...]
    own_types: Mapping[str, str]
    memory: StrategicMemory
    streams: Mapping[str, StreamInfo]
    problems: Mapping[str, str]
    log: LogSeen
    missing_script: str = ""
    no_writes: str = ""


async def look_at_redis(settings: ServiceSettings) -> RedisSeen:
    """Read from Redis what the checks look at; watches the lease for a moment.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached, or refused for a reason of its own.
    """
    prefix, advice = settings.redis.key_prefix, settings.sync.advice
    async with connect(settings.redis) as client:
        missing, missing_script = await _missing(client, prefix)
        clock_ms, ahead_s = await _clock(client)
        problems = Problems()
        loader = MemoryLoader(client, prefix, advice.windows, max_regimes=advice.max_regimes)
        # A cap that is in force holds where its key cannot be read, and only the log knows it then.
        loader.caps.learn(await _permitted(FeedbackLogReader(client, prefix).read_caps()) or NO_CAPS)
        memory = (await loader.load()).memory
        InputProblems(problems, advice.minimum_samples).look(memory)
        report_caps(problems, loader.caps)
        sections = [await _permitted(client.info(each)) for each in ("memory", "persistence", "stats")]
        return RedisSeen(
            clock_ms,
            ahead_s,
            None if None in sections else {name: value for each in sections if each for name, value in each.items()},
            await _saves(client),
            missing,
            await _own_types(client, prefix),
            memory,
            {source: info for source in STREAM_SOURCES if (info := await _info(client, key_of(prefix, source)))},
            dict(problems.standing),
            await _log(client, settings),
            missing_script,
            await _no_writes(client, LogKeys.under(prefix)),
        )


async def _permitted(asked: Awaitable[ValueT]) -> ValueT | None:
    try:
        return await asked
    except NoPermissionError:
        return None


async def _clock(client: redis.Redis) -> tuple[int | None, float | None]:
    # The first command connects, which may take longer than an answer.
    await _permitted(client.time())
    answers: list[tuple[float, float, float]] = []
    for _ in range(CLOCK_ASKED):
        began_s = time.time()
        found = await _permitted(client.time())
        if found is None:
            return None, None
        clock_s, ended_s = found[0] + found[1] / 1e6, time.time()
        answers.append((ended_s - began_s, clock_s, clock_s - (began_s + ended_s) / 2))
    # What took long may have waited on either way.
    _, _, ahead_s = min(answers)
    return round(answers[-1][1] * 1000), ahead_s


async def _missing(client: redis.Redis, prefix: str) -> tuple[tuple[str, ...], str]:
    """Return the missing permissions; where a script is missing that finds them out, say so."""
    try:
        return tuple(await Permissions(client, prefix).missing()), ""
    except ScriptMissingError as error:
        return (), str(error)


async def _no_writes(client: redis.Redis, keys: LogKeys) -> str:
    """Say why a write is refused that changes nothing and could take memory; empty: it is not, or may not be tried."""
    try:
        (reply,) = await round_trip(client, [packed("XADD", f"{keys.log}:dry_run", "NOMKSTREAM", "*", "none", "none")])
    except NotPrimaryError as replica:
        reply = replica
    return describe_failure(reply) if isinstance(reply, Exception) and not isinstance(reply, NoPermissionError) else ""


async def _saves(client: redis.Redis) -> str | None:
    found = await _permitted(client.config_get("save"))
    return None if found is None else str(found.get("save", ""))


def kinds_of_own_keys(prefix: str) -> dict[str, str]:
    """Return the Redis type of each key that the service keeps, by its name."""
    keys, memory = LogKeys.under(prefix), MemoryKeys.under(prefix)
    return {
        keys.state: "hash",
        keys.log: "stream",
        keys.pulse: "stream",
        keys.lease: "string",
        keys.fencing_token: "string",
        keys.other_settings: "string",
        keys.interventions: "stream",
        memory.evidence: "hash",
        memory.trade_ids: "zset",
    }


async def _own_types(client: redis.Redis, prefix: str) -> dict[str, str]:
    names = list(kinds_of_own_keys(prefix))
    replies = await round_trip(client, [packed("TYPE", name) for name in names])
    known = {name: reply.decode() for name, reply in zip(names, replies, strict=True) if isinstance(reply, bytes)}
    return {name: kind for name, kind in known.items() if kind != "none"}


async def _info(client: redis.Redis, key: str) -> StreamInfo | None:
    (reply,) = await round_trip(client, [packed("XINFO", "STREAM", key)])
    if isinstance(reply, Exception):
        return None
    return StreamInfo.of(dict(zip(reply[::2], reply[1::2], strict=True)))


async def _log(client: redis.Redis, settings: ServiceSettings) -> LogSeen:
    prefix = settings.redis.key_prefix
    keys, reader = LogKeys.under(prefix), FeedbackLogReader(client, prefix)
    state, unreadable = None, None
    try:
        state = await reader.read_state()
    except (MalformedFeedbackError, redis.ResponseError) as error:
        unreadable = str(error)
    info = await _info(client, keys.log)
    other, stated = await round_trip(
        client, [packed("GET", keys.other_settings), packed("HGET", keys.state, "settings")]
    )
    watch_s = min(settings.sync.lease_s, LONGEST_WATCH_S)
    before, was_led = await _leadership(client, keys)
    await asyncio.sleep(watch_s)
    after, is_led = await _leadership(client, keys)
    return LogSeen(
        state,
        unreadable,
        info,
        await _span_s(reader, info),
        _text(other),
        _text(stated),
        was_led or is_led,
        max(after - before, 0),
        watch_s,
    )


async def _leadership(client: redis.Redis, keys: LogKeys) -> tuple[int, bool]:
    """Return the newest fencing token, and whether somebody holds the lease."""
    token, lease = await round_trip(client, [packed("GET", keys.fencing_token), packed("GET", keys.lease)])
    return Claim(_text(token)).fencing_token, isinstance(lease, bytes)


async def _span_s(reader: FeedbackLogReader, info: StreamInfo | None) -> float | None:
    """Return the time between the oldest revision that can be read and the newest one."""
    if info is None:
        return None
    ends = [*await reader.read_after(0, 1), *reader.decode(await reader.read_before(None, 1))]
    times = [each.times.computed_at_ms for each in ends if each.times.computed_at_ms is not None]
    return (times[-1] - times[0]) / 1000 if len(times) == 2 else None


def _text(reply: object) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else ""
