"""One sync cycle at the default windows, against one pipelined read and one pipelined write of the same keys.

Both run in this process against the same Redis, one cycle each in turn. Two kinds of cycle: one that finds nothing new
and confirms the feedback in force, and one that finds a new observation and publishes a revision. The floor reads the
same inputs and writes the same bytes, under another prefix so that it does not disturb the service's log.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from statistics import median

import redis as synchronous
import redis.asyncio as redis

from benchmarks.floors.bare_cycle import Outputs, read_inputs, write_outputs
from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.inputs import DEFAULT_WINDOWS, PREFERRED_REGIME, fill, regime_observation
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.report import report
from benchmarks.harness.sync_loop import logging_to_nowhere, open_sync, timed_cycle
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.sync.memory_sync_service import StrategicMemorySync
from strategic_memory_server.sync.sync_settings import SyncSettings

_FLOOR_PREFIX = "floor"
_WARM_UP_CYCLES = 20
_HOLD = Hold(Direction.AT_MOST, 1.3)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a cycle is measured with."""

    sync: StrategicMemorySync
    client: redis.Redis
    prefix: str
    outputs: Outputs
    random_numbers: random.Random

    async def ours(self, *, publish: bool) -> float:
        """Run one cycle of the service; seconds."""
        if publish:
            observation = regime_observation(self.random_numbers, PREFERRED_REGIME)
            await self.client.xadd(keys.key_of(self.prefix, keys.META_REGIME), observation)
        return await timed_cycle(self.sync, "published" if publish else "confirmed")

    async def floor(self, *, publish: bool) -> float:
        """Read and write once; seconds."""
        started = time.perf_counter()
        await read_inputs(self.client, self.prefix, DEFAULT_WINDOWS)
        await write_outputs(self.client, _FLOOR_PREFIX, self.outputs, publish=publish)
        return time.perf_counter() - started

    async def round(self, cycles: int, *, publish: bool) -> tuple[float, float]:
        """Run so many of each in turn; the medians, ms."""
        both = [(await self.ours(publish=publish), await self.floor(publish=publish)) for _ in range(cycles)]
        return median(mine for mine, _ in both) * 1_000, median(bare for _, bare in both) * 1_000


async def _measure(settings: RedisSettings, rounds: int, cycles: int, seed: int) -> list[Measure]:
    random_numbers = random.Random(seed)
    async with open_sync(settings, SyncSettings()) as sync, connect(settings) as client:
        await timed_cycle(sync, "published")
        outputs = await Outputs.read(client, settings.key_prefix)
        bench = Bench(sync, client, settings.key_prefix, outputs, random_numbers)
        measures = []
        for what, publish in (("cycle that confirms", False), ("cycle that publishes a revision", True)):
            await bench.round(_WARM_UP_CYCLES, publish=publish)
            figures = [await bench.round(cycles, publish=publish) for _ in range(rounds)]
            measures.append(Measure(what, "ms", [m for m, _ in figures], [b for _, b in figures], hold=_HOLD))
        return measures


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=9, compares=False)
    parser.add_argument("--cycles", type=positive, default=100, help="cycles of each kind in each round")
    options = parser.parse_args()
    with EmbeddedRedis() as server:
        settings = RedisSettings(url=server.url)
        with synchronous.Redis.from_url(server.url) as client:
            fill(client, random.Random(options.seed))
        with logging_to_nowhere():
            measures = asyncio.run(_measure(settings, options.rounds, options.cycles, options.seed))
    report(options.json, f"One sync cycle at the default windows, median of {options.cycles} a round", measures)


if __name__ == "__main__":
    main()
