"""A steady cycle with windows of a million entries, against the default windows.

Steady: the service has read the windows once, its long memory has caught up, and each cycle finds one new observation
and publishes a revision. The windows grow by tens up to `--entries`, for as long as the next size can be expected to
fit into `--budget`; a size that does not is named, with what it would take if the time grew as the windows do.
All three windows have the same length.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median

import redis as synchronous
import redis.asyncio as redis

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.inputs import PREFERRED_REGIME, fill, regime_observation
from benchmarks.harness.long_streams import lengthen
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.report import report
from benchmarks.harness.sync_loop import logging_to_nowhere, open_sync, timed_cycle
from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.memory.window_settings import WindowSettings
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.sync.memory_sync_service import StrategicMemorySync
from strategic_memory_server.sync.sync_settings import SyncSettings

_SMALLEST = 10_000
_CYCLES = 50
"""Cycles of each kind in each round, in turn; their median counts."""

_HOLD = Hold(Direction.AT_MOST, 1.2)


@dataclass(frozen=True, slots=True)
class Size:
    """What one size took, seconds.

    Attributes:
        entries: length of each window.
        whole_s: filling Redis, the first cycle and the rounds together.
        first_cycle_s: the cycle that reads the windows for the first time.
        steady_s: a steady cycle, round by round.
        default_s: a steady cycle at the default windows, in the same rounds.
    """

    entries: int
    whole_s: float
    first_cycle_s: float
    steady_s: list[float]
    default_s: list[float]


class LargeWindows:
    """Runs cycles at default and at large windows, each on streams of its own: one server leads on one key prefix."""

    def __init__(self, settings: RedisSettings, rounds: int, seed: int) -> None:
        """Take the Redis, the rounds at each size, and what decides the inputs."""
        self._settings = settings
        self._default = replace(settings, key_prefix="default")
        self._rounds = rounds
        self._random = random.Random(seed)

    async def size(self, entries: int) -> Size:
        """Measure one size."""
        started = time.perf_counter()
        with synchronous.Redis.from_url(self._settings.url) as filler:
            lengthen(filler, entries, self._random)
        windows = SyncSettings(advice=AdviceSettings(windows=WindowSettings(entries, entries, entries)))
        async with (
            connect(self._settings) as client,
            open_sync(self._default, SyncSettings()) as default,
            open_sync(self._settings, windows) as large,
        ):
            first_s = await self._steady_cycle(client, self._settings, large)
            # The long memory takes the trades of a long stream in page by page, one in each cycle.
            while large.status.catching_up:
                await large.cycle()
            await self._steady_cycle(client, self._default, default)
            steady_s, default_s = [], []
            for _ in range(self._rounds):
                large_s, small_s = [], []
                for _ in range(_CYCLES):
                    large_s.append(await self._steady_cycle(client, self._settings, large))
                    small_s.append(await self._steady_cycle(client, self._default, default))
                steady_s.append(median(large_s))
                default_s.append(median(small_s))
        return Size(entries, time.perf_counter() - started, first_s, steady_s, default_s)

    async def _steady_cycle(self, client: redis.Redis, settings: RedisSettings, sync: StrategicMemorySync) -> float:
        observation = regime_observation(self._random, PREFERRED_REGIME)
        await client.xadd(keys.key_of(settings.key_prefix, keys.META_REGIME), observation)
        return await timed_cycle(sync, "published")


def _sizes(largest: int) -> Iterator[int]:
    size = _SMALLEST
    while size < largest:
        yield size
        size *= 10
    yield largest


async def _measure(settings: RedisSettings, largest: int, budget_s: float, rounds: int, seed: int) -> list[Size]:
    bench = LargeWindows(settings, rounds, seed)
    measured: list[Size] = []
    started = time.perf_counter()
    for entries in _sizes(largest):
        left_s = budget_s - (time.perf_counter() - started)
        if measured and measured[-1].whole_s * entries / measured[-1].entries > left_s:
            break
        measured.append(await bench.size(entries))
    return measured


def _rows(measured: list[Size], largest: int) -> Iterator[Measure]:
    for size in measured:
        steady_ms = [seconds * 1_000 for seconds in size.steady_s]
        default_ms = [seconds * 1_000 for seconds in size.default_s]
        hold = _HOLD if size.entries == largest else None
        yield Measure(f"steady, {size.entries:,} entries", "ms", steady_ms, default_ms, hold=hold)
        yield Measure(f"first, {size.entries:,} entries", "ms", [size.first_cycle_s * 1_000])


def _notes(measured: list[Size], largest: int) -> Iterator[str]:
    last = measured[-1]
    if last.entries < largest:
        growth = largest / last.entries
        steady_s, ratio = median(last.steady_s) * growth, median(last.steady_s) / median(last.default_s) * growth
        yield f"{largest:,} entries do not fit into the budget, so they were not measured. If the time grows as the"
        yield f"windows do, a steady cycle takes {steady_s:,.1f} s there, {ratio:,.0f} times that of the default"
        yield f"windows (hold: {_HOLD.direction.value} {_HOLD.bound:g}). A larger --budget measures it."


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3, compares=False)
    parser.add_argument("--entries", type=positive, default=1_000_000, help="length of the largest windows")
    parser.add_argument("--budget", type=float, default=60.0, help="time for all sizes together, seconds")
    options = parser.parse_args()
    with EmbeddedRedis() as server:
        settings = RedisSettings(url=server.url)
        with synchronous.Redis.from_url(server.url) as client:
            fill(client, random.Random(options.seed))
            fill(client, random.Random(options.seed), prefix="default")
        with logging_to_nowhere():
            measured = asyncio.run(_measure(settings, options.entries, options.budget, options.rounds, options.seed))
    report(
        options.json,
        "A cycle with large windows; the floor is the same cycle at the default windows",
        list(_rows(measured, options.entries)),
        list(_notes(measured, options.entries)),
    )


if __name__ == "__main__":
    main()
