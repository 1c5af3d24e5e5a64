"""A loader that has read many changes one by one knows what a new loader reads, and what a brute force finds."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Mapping
from random import Random
from typing import cast

import pytest
import redis
import redis.asyncio
from brute_force import Rows, expected_regimes, expected_transitions
from input_streams import Id
from memory_rows import rows_of
from plain_figures import plain
from server.inputs.changing_streams import KINDS, ChangingStreams

from strategic_memory_server.analysis.pattern_analyzer import PatternAnalyzer
from strategic_memory_server.entries.notes import PERHAPS_TRIMMED_BEFORE_READ, TRIMMED_BEFORE_READ
from strategic_memory_server.inputs.memory_loader import MemoryLoader
from strategic_memory_server.inputs.reading_limits import ReadingLimits
from strategic_memory_server.inputs.resting_streams import AskedAhead
from strategic_memory_server.memory.strategic_memory import SourceReport, StrategicMemory
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.redis_access.redis_replies import StreamEntries
from strategic_memory_server.redis_access.round_trip import round_trip
from strategic_memory_server.what_if.regime_details import regime_details

LOADS = 25


def reports(memory: StrategicMemory) -> list[SourceReport]:
    """What the sources contributed, without the gaps, of which a new loader cannot know."""
    return [
        dataclasses.replace(
            report,
            noted={
                note: count
                for note, count in report.noted.items()
                if note not in (TRIMMED_BEFORE_READ, PERHAPS_TRIMMED_BEFORE_READ)
            },
        )
        for report in memory.sources
    ]


def check_against_brute_force(memory: StrategicMemory, rows: Rows) -> None:
    """Compare every figure."""
    analysis, details = PatternAnalyzer().analyze(memory), regime_details(memory)
    expected = []
    for wanted in map(dataclasses.asdict, expected_regimes(rows)):
        for name in ("dwell_observations", "dwell_seconds"):
            wanted[name] = None if wanted[name] is None else pytest.approx(wanted[name], rel=1e-12)
        expected.append(wanted)
    assert [plain(figures, details) for figures in analysis.regimes] == expected
    transitions = {(step.from_regime, step.to_regime): step.count for step in details.transitions}
    assert transitions == expected_transitions(rows)
    assert analysis.sample_count == len(rows.earned())
    assert analysis.current_regime == (rows.regimes[-1].regime if rows.regimes else "UNKNOWN")
    assert analysis.data_as_of_ms == max((row.time_ms for row in rows.all()), default=None)


def hidden_deletion(before: Mapping[str, list[Id]], after: Mapping[str, list[Id]]) -> bool:
    """Whether a stream lost an entry in the middle as well as its first one: its length does not give that away."""
    for kind in KINDS:
        old, new = before[kind], after[kind]
        lost = [entry_id for entry_id in old if entry_id not in new]
        if lost and new and new[0] != old[0] and max(lost) > new[0]:
            return True
    return False


def random_arrived(
    client: redis.Redis, random: Random, read_up_to: Mapping[str, str]
) -> Mapping[str, StreamEntries] | None:
    """What may be believed to have arrived: nothing is known, or all of it, or some. All is to be read in any case."""
    if random.random() < 0.3:
        return None
    new: dict[str, StreamEntries] = {}
    for source, read in read_up_to.items():
        if client.type(f"quantum:{source}") == b"stream" and random.random() < 0.8:
            new[source] = cast("StreamEntries", client.xrange(f"quantum:{source}", f"({read}"))
    return {source: entries[: random.choice((0, 1, None, None))] for source, entries in new.items()}


async def asked_behind(client: redis.asyncio.Redis, loader: MemoryLoader) -> AskedAhead:
    """What Redis tells as something arrives."""
    ahead = loader.ask_behind()
    ahead.replies = await round_trip(client, ahead.commands)
    return ahead


async def kept_and_fresh(
    client: redis.asyncio.Redis, streams: ChangingStreams, windows: WindowSettings, limits: ReadingLimits
) -> AsyncIterator[tuple[StrategicMemory, StrategicMemory]]:
    """After every change: what a loader says that has kept what it read, and one that reads everything."""
    random = streams.random
    loader = MemoryLoader(client, "quantum", windows, limits=limits)
    seen: dict[str, list[Id]] = {kind: [] for kind in KINDS}
    read_up_to: Mapping[str, str] = {}
    for _ in range(LOADS):
        for _ in range(random.choice((0, 1, 1, 2, 6))):
            streams.change()
        now = {kind: streams.ids(kind) for kind in KINDS}
        arrived = random_arrived(streams.client, random, read_up_to)
        ahead = await asked_behind(client, loader) if random.random() < 0.7 else None
        loaded = await loader.load(reread=hidden_deletion(seen, now), arrived=arrived, ahead=ahead)
        kept, read_up_to = loaded.memory, loaded.read_up_to
        seen = now
        fresh = (await MemoryLoader(client, "quantum", windows, limits=limits).load()).memory
        yield kept, fresh


@pytest.mark.parametrize("seed", range(60))
async def test_after_every_change(seed: int, redis_client: redis.Redis, async_client: redis.asyncio.Redis) -> None:
    random = Random(seed)
    windows = WindowSettings(*(random.choice((1, 2, 4, 9, 30)) for _ in range(3)))
    limits = ReadingLimits(page_entries=random.choice((1, 2, 5, 13, 100)))
    streams = ChangingStreams(redis_client, random)
    async for kept, fresh in kept_and_fresh(async_client, streams, windows, limits):
        rows = streams.contents().rows(windows.regime, windows.portfolio, windows.trades)
        assert rows_of(kept) == rows
        assert rows_of(fresh) == rows
        assert PatternAnalyzer().analyze(kept) == PatternAnalyzer().analyze(fresh)
        assert reports(kept) == reports(fresh)
        check_against_brute_force(kept, rows)


@pytest.mark.parametrize("seed", range(20))
async def test_where_malformed_entries_end_the_search(
    seed: int, redis_client: redis.Redis, async_client: redis.asyncio.Redis
) -> None:
    random = Random(seed)
    windows = WindowSettings(*(random.choice((1, 3, 8)) for _ in range(3)))
    limits = ReadingLimits(page_entries=random.choice((1, 4, 50)), extra_entries=random.choice((0, 1, 4)))
    streams = ChangingStreams(redis_client, random, unplaced=0.0, malformed=0.6)
    async for kept, fresh in kept_and_fresh(async_client, streams, windows, limits):
        assert rows_of(kept) == rows_of(fresh)
        assert PatternAnalyzer().analyze(kept) == PatternAnalyzer().analyze(fresh)
        assert reports(kept) == reports(fresh)
