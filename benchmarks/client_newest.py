"""One read of the client's newest feedback in a hot loop, against a bare attribute read.

The clients follow a real service meanwhile. What counts is the processor time of the reading thread; the cost of the
loop itself is in both figures.
"""

from __future__ import annotations

import asyncio
import random
import time
import timeit
from dataclasses import dataclass

import redis

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.inputs import fill
from benchmarks.harness.measure import Direction, Hold, Measure, Of
from benchmarks.harness.programs import service
from benchmarks.harness.report import report
from benchmarks.harness.subscription import first_advice
from strategic_memory_client import AsyncStrategicMemoryClient, Feedback, FeedbackStatus, StrategicMemoryClient
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

_WITHIN_S = 30.0
_HOLD = Hold(Direction.AT_MOST, 200.0, Of.OURS)


@dataclass(slots=True)
class Holder:
    """Something with an attribute."""

    newest: Feedback


def _ns_per_read(source: Holder | StrategicMemoryClient | AsyncStrategicMemoryClient, reads: int) -> float:
    # The thread's own processor time: while others are given the processor, nothing is read.
    timer = timeit.Timer("source.newest", timer=time.thread_time, globals={"source": source})
    return timer.timeit(reads) / reads * 1e9


def _require_active(feedback: Feedback) -> Feedback:
    if feedback.status is not FeedbackStatus.ACTIVE:
        raise RuntimeError(f"the client should have advice to read, but it is {feedback.status}")
    return feedback


def _measure(what: str, client: StrategicMemoryClient | AsyncStrategicMemoryClient, rounds: int, reads: int) -> Measure:
    holder = Holder(_require_active(client.newest))
    figures = [(_ns_per_read(client, reads), _ns_per_read(holder, reads)) for _ in range(rounds)]
    _require_active(client.newest)
    return Measure(what, "ns", [mine for mine, _ in figures], [bare for _, bare in figures], hold=_HOLD)


def _synchronous(address: str, rounds: int, reads: int) -> Measure:
    with StrategicMemoryClient(address) as client:
        client.follow()
        client.wait_for_newest(_WITHIN_S)
        return _measure("StrategicMemoryClient.newest", client, rounds, reads)


async def _asynchronous(address: str, rounds: int, reads: int) -> Measure:
    async with AsyncStrategicMemoryClient(address) as client:
        client.follow()
        await client.wait_for_newest(_WITHIN_S)
        return _measure("AsyncStrategicMemoryClient.newest", client, rounds, reads)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=25, compares=False)
    parser.add_argument("--reads", type=positive, default=200_000, help="reads in each round")
    options = parser.parse_args()
    with EmbeddedRedis() as server:
        with redis.Redis.from_url(server.url) as client:
            fill(client, random.Random(options.seed))
        with service(server.url) as ours:
            asyncio.run(first_advice(ours.grpc_address))
            measures = [
                _synchronous(ours.grpc_address, options.rounds, options.reads),
                asyncio.run(_asynchronous(ours.grpc_address, options.rounds, options.reads)),
            ]
    report(options.json, "The newest feedback read in a hot loop", measures)


if __name__ == "__main__":
    main()
