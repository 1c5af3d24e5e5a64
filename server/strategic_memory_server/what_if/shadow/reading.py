"""Reads the logs of a service and its shadow, and the trades to judge them by, from Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import redis.asyncio as redis

from strategic_memory_server.advice.settings_by_variable import Plain, from_text, shown
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.memory.time_span import TimeSpan
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.redis_access.round_trip import checked, packed, round_trip
from strategic_memory_server.revisions.feedback_log_reader import FeedbackLogReader
from strategic_memory_server.revisions.log_keys import LogKeys
from strategic_memory_server.what_if.past_advice.log_reader import (
    Decode,
    PastRevisions,
    RevisionOrder,
    RevisionPage,
    read_past_revisions,
)
from strategic_memory_server.what_if.shadow.shadow_report import ShadowReport, compare


@dataclass(frozen=True, slots=True)
class ShadowAsked:
    """How much of the two logs and of the streams is read.

    Attributes:
        prefix: what every key starts with.
        trades: newest trades to judge by, and regime observations.
        revisions: newest revisions of each log.
        max_regimes: regimes that are kept apart.
    """

    prefix: str
    trades: int
    revisions: int
    max_regimes: int


@dataclass(frozen=True, slots=True)
class ShadowRead:
    """How a service and its shadow compare, and by which settings they differ.

    Attributes:
        report: the comparison; None where there is no time for which both have said something.
        settings: in what the settings of the shadow differ from those of the service, one text each.
    """

    report: ShadowReport | None
    settings: list[str]


async def read_shadow(client: redis.Redis, asked: ShadowAsked) -> ShadowRead:
    """Read both logs and the trades, and compare.

    Raises:
        redis.exceptions.RedisError, OSError: Redis could not be reached or refused.
    """
    clock = RedisClock()
    loader = MemoryLoader(client, asked.prefix, WindowSettings(), max_regimes=asked.max_regimes, clock=clock)
    windows = WindowSettings(regime=asked.trades, portfolio=1, trades=asked.trades)
    memory = (await loader.load_span(windows, TimeSpan())).memory
    keys = LogKeys.under(asked.prefix), LogKeys.of_shadow(asked.prefix)
    logs = [FeedbackLogReader(client, asked.prefix, clock=clock, keys=each) for each in keys]
    service, shadow = [await _revisions(log, asked.revisions) for log in logs]
    states = [await log.read_state() for log in logs]
    ends = [state.times.valid_until_ms for state in states if state and state.times.valid_until_ms is not None]
    report = await asyncio.to_thread(compare, service, shadow, memory, min([clock.now_ms(), *ends]))
    # Each server writes its own beside what it says.
    replies = await round_trip(client, [packed("HGET", each.state, "settings") for each in keys])
    of_service, of_shadow = (
        (checked(reply, each.state, "hash") or b"").decode(errors="replace")
        for reply, each in zip(replies, keys, strict=True)
    )
    return ShadowRead(report, list(_apart(from_text(of_service), from_text(of_shadow))))


def _apart(of_service: Mapping[str, Plain], of_shadow: Mapping[str, Plain]) -> Iterator[str]:
    for name, value in sorted(of_shadow.items()):
        if name in of_service and of_service[name] != value:
            yield f"{name} is {shown(of_service[name])} for the service and {shown(value)} for the shadow"


async def _revisions(log: FeedbackLogReader, most: int) -> PastRevisions:
    async def in_thread(decode: Decode, entries: StreamEntries) -> RevisionPage:
        return await asyncio.to_thread(decode, entries)

    return await read_past_revisions(log, RevisionOrder(most, in_force_ms=0), in_thread)
