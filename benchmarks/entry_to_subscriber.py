"""From the XADD of one regime observation until a subscriber has the new feedback, against the bare chain.

The bare chain is XADD, XREAD BLOCK, pipelined read of the nine inputs, XADD, XREAD BLOCK, gRPC push, in one process
(`floors/bare_chain.py`). This process adds the entries and holds one stream of each server; service, chain and Redis
are processes of their own. The entries come at random distances longer than the shortest time between two syncs.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from statistics import median, quantiles

import redis as synchronous
import redis.asyncio as redis

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import PREFERRED_REGIME, fill, regime_observation
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import floor, service
from benchmarks.harness.report import print_report
from benchmarks.harness.subscription import FeedbackSubscription, first_advice
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.inputs import input_keys as keys

_OURS, _FLOOR = "quantum", "floor"
_DISTANCE_S = (0.08, 0.14)
_WARM_UP_ENTRIES = 5
_POLL_S = 60.0


@dataclass(frozen=True, slots=True)
class Chain:
    """One way from an entry to a subscriber."""

    client: redis.Redis
    subscription: FeedbackSubscription
    prefix: str
    random_numbers: random.Random

    async def time_one(self) -> float:
        """Add one entry and wait for the feedback that it causes; ms."""
        await asyncio.sleep(self.random_numbers.uniform(*_DISTANCE_S))
        observation = regime_observation(self.random_numbers, PREFERRED_REGIME)
        started = time.perf_counter()
        await self.client.xadd(keys.key_of(self.prefix, keys.META_REGIME), observation)
        await self.subscription.next_feedback()
        return (time.perf_counter() - started) * 1_000


@dataclass(frozen=True, slots=True)
class Servers:
    """The running servers, by key prefix."""

    redis_url: str
    by_prefix: dict[str, Child]


async def _measure(servers: Servers, rounds: int, entries: int, seed: int) -> dict[str, list[list[float]]]:
    """Give the times of each chain, round by round, ms."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(redis.Redis.from_url(servers.redis_url, protocol=2))
        chains = []
        for prefix, child in servers.by_prefix.items():
            subscription = await stack.enter_async_context(FeedbackSubscription(child.grpc_address))
            await subscription.next_feedback()
            chains.append(Chain(client, subscription, prefix, random.Random(seed)))
        await _round(chains, _WARM_UP_ENTRIES)
        figures = [await _round(chains, entries) for _ in range(rounds)]
    return {chain.prefix: [times[chain.prefix] for times in figures] for chain in chains}


async def _round(chains: Sequence[Chain], entries: int) -> dict[str, list[float]]:
    """Time so many entries of each chain in turn, ms."""
    times: dict[str, list[float]] = {chain.prefix: [] for chain in chains}
    for _ in range(entries):
        for chain in chains:
            times[chain.prefix].append(await chain.time_one())
    return times


def _run(rounds: int, entries: int, seed: int) -> dict[str, list[list[float]]]:
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedRedis())
        with synchronous.Redis.from_url(server.url) as client:
            for prefix in (_OURS, _FLOOR):
                fill(client, random.Random(seed), prefix)
        ours = stack.enter_context(service(server.url, key_prefix=_OURS))
        feedback = asyncio.run(first_advice(ours.grpc_address))
        bare = stack.enter_context(floor("bare_chain", server.url, _FLOOR, feedback.SerializeToString().hex(), _OURS))
        servers = Servers(server.url, {_OURS: ours, _FLOOR: bare})
        return asyncio.run(_measure(servers, rounds, entries, seed))


def _p99(times: list[float]) -> float:
    return quantiles(times, n=100, method="inclusive")[98]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--entries", type=positive, default=40, help="entries for each chain in each round, from 2")
    options = parser.parse_args()
    figures = _run(options.rounds, options.entries, options.seed)
    ours, bare = ([median(times) for times in figures[name]] for name in (_OURS, _FLOOR))
    everything, bare_everything = ([time for times in figures[name] for time in times] for name in (_OURS, _FLOOR))
    print_report(
        f"New entry to subscriber, {options.entries} entries a round",
        [
            Measure("median", "ms", ours, bare, Hold(Direction.AT_MOST, 1.5)),
            Measure("99th percentile", "ms", [_p99(everything)], [_p99(bare_everything)]),
        ],
        [
            f"99th percentile: over all rounds. The slowest of {len(everything)} took {max(everything):,.1f} ms.",
            f"The loop this replaces polls every {_POLL_S:g} s: {_POLL_S / 2:g} s on average (computed, not measured).",
        ],
    )


if __name__ == "__main__":
    main()
