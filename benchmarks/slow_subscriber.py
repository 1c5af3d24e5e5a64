"""What subscribers that do not read cost the others: one change to well-behaved streams, with and without them.

The same service serves both sides in turn. The stalled ones take less than one message each, answer pings, ask for
every revision, and stay while the changes are made.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from dataclasses import dataclass

import redis

from benchmarks.broadcast import Side, adding_observations
from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.audience import Audience
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import fill
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import service
from benchmarks.harness.report import report
from benchmarks.harness.stalled import StalledSubscribers
from benchmarks.harness.subscription import first_advice
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.revisions.log_keys import LogKeys

_PREFIX = "quantum"
_WARM_UP_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Round:
    """Latencies and memory of one round.

    Attributes:
        alone_ms: until the last well-behaved subscriber was served, alone.
        beside_ms: the same beside stalled ones.
        before_mib: the server's memory once the stalled ones had stalled.
        after_mib: the same after the changes.
    """

    alone_ms: float
    beside_ms: float
    before_mib: float
    after_mib: float


def _round(side: Side, changes: int, stalled: int) -> Round:
    alone = side.changes(changes)
    with StalledSubscribers(side.server.grpc_address, stalled):
        before_mib = side.server.resident_mib()
        beside = side.changes(changes)
        return Round(alone.last_ms, beside.last_ms, before_mib, beside.resident_mib)


def _measure(url: str, server: Child, options: argparse.Namespace) -> list[Round]:
    with (
        redis.Redis.from_url(url, protocol=2) as client,
        client.pubsub() as events,
        Audience(server.grpc_address, options.streams, options.connections) as audience,
    ):
        events.subscribe(LogKeys.under(_PREFIX).events)
        side = Side(server, audience, events, adding_observations(client, _PREFIX, options.seed))
        side.changes(_WARM_UP_CHANGES)
        return [_round(side, options.changes, options.stalled) for _ in range(options.rounds)]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=9, compares=False)
    parser.add_argument("--streams", type=positive, default=200, help="well-behaved subscribers")
    parser.add_argument("--connections", type=positive, default=10, help="connections that they share")
    parser.add_argument("--stalled", type=positive, default=100, help="subscribers that stop reading")
    parser.add_argument("--changes", type=positive, default=10, help="changes for each side in each round")
    options = parser.parse_args()
    with EmbeddedRedis() as server:
        with redis.Redis.from_url(server.url) as client:
            fill(client, random.Random(options.seed))
        with service(server.url) as ours:
            asyncio.run(first_advice(ours.grpc_address))
            rounds = _measure(server.url, ours, options)
    report(
        options.json,
        f"One change to {options.streams} subscribers beside {options.stalled} that do not read",
        [
            Measure(
                "last one served, beside them",
                "ms",
                [each.beside_ms for each in rounds],
                [each.alone_ms for each in rounds],
                hold=Hold(Direction.AT_MOST, 1.15),
            ),
            Measure(
                "server's resident memory",
                "MiB",
                [each.after_mib for each in rounds],
                [each.before_mib for each in rounds],
                hold=Hold(Direction.AT_MOST, 1.05),
            ),
        ],
        [
            "The floor is the same service: without the stalled ones for the time, before the changes for the memory.",
        ],
    )


if __name__ == "__main__":
    main()
