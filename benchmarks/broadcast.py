"""One change to a thousand subscribers, until the last one is served, against a bare grpc.aio broadcast.

The time runs from the durable write of the change, which the pub/sub event of the same transaction tells this process
at the moment at which Redis tells the server. The bare server gets its change in the same way, by an entry of the same
bytes, and sends a message of the same size. All streams are held by this process; both servers are processes of their
own.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import redis
from redis.client import PubSub

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.audience import Audience
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import PREFERRED_REGIME, fill, regime_observation
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import floor, service
from benchmarks.harness.report import print_report
from benchmarks.harness.subscription import READ_WITHIN_S, first_advice
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.inputs import input_keys as keys
from strategic_memory_server.revisions.log_keys import LogKeys

_OURS, _FLOOR = "quantum", "floor"
_FLOOR_EVENTS = f"{_FLOOR}:events"
_WARM_UP_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Served:
    """One change.

    Attributes:
        last_ms: from the write to the last subscriber, ms.
        cpu_us: the server's processor time for each subscriber, microseconds.
        resident_mib: the server's memory, MiB.
    """

    last_ms: float
    cpu_us: float
    resident_mib: float


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two servers, the streams it serves, and how it is told of a change."""

    server: Child
    audience: Audience
    events: PubSub
    make_change: Callable[[], object]

    def change(self) -> float:
        """Make a change; ms from its write until the last subscriber is served."""
        self.make_change()
        written_s = _next_event(self.events)
        return (self.audience.served() - written_s) * 1_000

    def changes(self, count: int) -> Served:
        """Make so many changes."""
        cpu_before_s = self.server.cpu_s()
        last_ms = median(self.change() for _ in range(count))
        cpu_us = (self.server.cpu_s() - cpu_before_s) / count / self.audience.streams * 1e6
        return Served(last_ms, cpu_us, self.server.resident_mib())


def _next_event(events: PubSub) -> float:
    """Wait for an event; when it came, by `time.perf_counter()`."""
    while (message := events.get_message(timeout=READ_WITHIN_S)) is not None:
        if message["type"] == "message":
            return time.perf_counter()
    raise TimeoutError(f"no change was written within {READ_WITHIN_S:g} s")


def _measure(url: str, ours: Child, bare: Child, options: argparse.Namespace) -> list[Served]:
    """Give what ours and the floor did, in turn."""
    random_numbers = random.Random(options.seed)
    with (
        redis.Redis.from_url(url, protocol=2) as client,
        client.pubsub() as our_events,
        client.pubsub() as bare_events,
        Audience(ours.grpc_address, options.streams, options.connections) as our_audience,
        Audience(bare.grpc_address, options.streams, options.connections) as bare_audience,
    ):
        our_events.subscribe(LogKeys.under(_OURS).events)
        bare_events.subscribe(_FLOOR_EVENTS)

        (_, entry), *_ = client.xrevrange(LogKeys.under(_OURS).log, count=1)

        def add_observation() -> None:
            observation = regime_observation(random_numbers, PREFERRED_REGIME)
            client.xadd(keys.key_of(_OURS, keys.META_REGIME), observation)

        def add_to_bare_log() -> None:
            with client.pipeline(transaction=True) as pipeline:
                pipeline.xadd(f"{_FLOOR}:log", entry, maxlen=1_000)
                pipeline.publish(_FLOOR_EVENTS, bytes(250))
                pipeline.execute()

        sides = (
            Side(ours, our_audience, our_events, add_observation),
            Side(bare, bare_audience, bare_events, add_to_bare_log),
        )
        for side in sides:
            side.changes(_WARM_UP_CHANGES)
        return [side.changes(options.changes) for _ in range(options.rounds) for side in sides]


def _run(options: argparse.Namespace) -> list[Served]:
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedRedis())
        with redis.Redis.from_url(server.url) as client:
            fill(client, random.Random(options.seed))
        ours = stack.enter_context(service(server.url, max_subscribers=str(options.streams + 1), peer_share="1"))
        feedback = asyncio.run(first_advice(ours.grpc_address)).SerializeToString()
        bare = stack.enter_context(floor("bare_broadcast", server.url, _FLOOR, feedback.hex()))
        return _measure(server.url, ours, bare, options)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=9)
    parser.add_argument("--streams", type=positive, default=1_000, help="subscribers of each server")
    parser.add_argument("--connections", type=positive, default=10, help="connections that they share")
    parser.add_argument("--changes", type=positive, default=5, help="changes for each server in each round")
    options = parser.parse_args()
    served = _run(options)
    ours, bare = served[0::2], served[1::2]
    print_report(
        f"One change to {options.streams:,} subscribers on {options.connections} connections",
        [
            Measure(
                "last subscriber served",
                "ms",
                [each.last_ms for each in ours],
                [each.last_ms for each in bare],
                Hold(Direction.AT_MOST, 1.15),
            ),
            Measure(
                "server's CPU per subscriber", "µs", [each.cpu_us for each in ours], [each.cpu_us for each in bare]
            ),
            Measure(
                "server's resident memory",
                "MiB",
                [each.resident_mib for each in ours],
                [each.resident_mib for each in bare],
                Hold(Direction.AT_MOST, 192, of_ours=True),
            ),
        ],
        [f"The median of {options.changes} changes counts in each round. The service's CPU includes its sync cycle."],
    )


if __name__ == "__main__":
    main()
