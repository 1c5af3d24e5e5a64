"""One change to 5,000 subscribers of two workers beside one, until the last one is served.

All streams are held by this process, which takes its share of the same cores; connections enough that they come to both
workers about evenly. The time runs from the id of the input entry that makes the change, by the clock of this machine,
so the sync is in it: this process may be held up by the very workers that it waits for, and hear of the revision too
late.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import redis

from benchmarks.broadcast import adding_observations
from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.audience import Audience
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import fill
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import service
from benchmarks.harness.report import report
from benchmarks.harness.subscription import first_advice
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

_WORKERS = {"ours": 2, "floor": 1}


@dataclass(frozen=True, slots=True)
class Served:
    """What was done in one round.

    Attributes:
        last_ms: from the input entry of a change to the last subscriber, ms; the median of the changes.
        cpu_us: processor time of all processes for each subscriber, microseconds.
        resident_mib: their memory, MiB.
    """

    last_ms: float
    cpu_us: float
    resident_mib: float


def _change(client: redis.Redis, prefix: str, audience: Audience, seed: int) -> float:
    """Make a change; ms from the input entry until the last subscriber is served."""
    entry_id = adding_observations(client, prefix, seed)()
    audience.served()
    assert isinstance(entry_id, bytes)
    return time.time() * 1_000 - float(entry_id.partition(b"-")[0])


def _round(
    client: redis.Redis, prefix: str, server: Child, audience: Audience, options: argparse.Namespace, number: int
) -> Served:
    before_s = server.cpu_s()
    seeds = range(number * options.changes, (number + 1) * options.changes)
    last_ms = median(_change(client, prefix, audience, options.seed + seed) for seed in seeds)
    cpu_us = (server.cpu_s() - before_s) / options.changes / audience.streams * 1e6
    return Served(last_ms, cpu_us, server.resident_mib())


def _run(options: argparse.Namespace) -> dict[str, list[Served]]:
    with ExitStack() as stack:
        url = stack.enter_context(EmbeddedRedis()).url
        client = stack.enter_context(redis.Redis.from_url(url))
        sides: dict[str, tuple[Child, Audience]] = {}
        for name, workers in _WORKERS.items():
            fill(client, random.Random(options.seed), name)
            most = str(options.streams + 1)
            started = service(url, key_prefix=name, workers=str(workers), max_subscribers=most, peer_share="1")
            server = stack.enter_context(started)
            asyncio.run(first_advice(server.grpc_address))
            audience = Audience(server.grpc_address, options.streams, options.connections)
            sides[name] = server, stack.enter_context(audience)
        rounds: dict[str, list[Served]] = {name: [] for name in sides}
        for number in range(options.rounds + 1):
            for name, (server, audience) in sides.items():
                rounds[name].append(_round(client, name, server, audience, options, number))
        # The first one warms up.
        return {name: served[1:] for name, served in rounds.items()}


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=9, compares=False)
    parser.add_argument("--streams", type=positive, default=5_000, help="subscribers of each server")
    parser.add_argument("--connections", type=positive, default=250, help="connections that they share")
    parser.add_argument("--changes", type=positive, default=3, help="changes for each server in each round")
    options = parser.parse_args()
    sides = _run(options)
    report(
        options.json,
        f"One change to {options.streams:,} subscribers of two workers (ours) and of one (floor)",
        [
            Measure.of("last subscriber served", "ms", sides, lambda each: each.last_ms, Hold(Direction.AT_MOST, 0.65)),
            Measure.of("CPU per subscriber", "µs", sides, lambda each: each.cpu_us),
            Measure.of("resident memory", "MiB", sides, lambda each: each.resident_mib),
        ],
        [f"The median of {options.changes} changes counts in each round. Memory is that of all processes together."],
    )


if __name__ == "__main__":
    main()
