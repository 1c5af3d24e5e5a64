"""One change to 5,000 subscribers of two workers beside one, until the last one is served.

All streams are held by this process, which takes its share of the same cores; connections enough that they come to both
workers about evenly.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from contextlib import ExitStack

import redis

from benchmarks.broadcast import Served, measure
from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.inputs import fill
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import service
from benchmarks.harness.report import report
from benchmarks.harness.subscription import first_advice
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis


def _run(options: argparse.Namespace) -> dict[str, list[Served]]:
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedRedis())
        servers = {}
        for name, workers in (("ours", 2), ("one", 1)):
            with redis.Redis.from_url(server.url) as client:
                fill(client, random.Random(options.seed), name)
            most = str(options.streams + 1)
            started = service(server.url, key_prefix=name, workers=str(workers), max_subscribers=most, peer_share="1")
            servers[name] = stack.enter_context(started)
            asyncio.run(first_advice(servers[name].grpc_address))
        return measure(server.url, servers, options)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=9, compares=False)
    parser.add_argument("--streams", type=positive, default=5_000, help="subscribers of each server")
    parser.add_argument("--connections", type=positive, default=250, help="connections that they share")
    parser.add_argument("--changes", type=positive, default=3, help="changes for each server in each round")
    options = parser.parse_args()
    served = _run(options)
    sides = {"ours": served["ours"], "floor": served["one"]}
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
