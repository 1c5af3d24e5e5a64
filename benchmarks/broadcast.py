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
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import redis
from redis.client import PubSub
from redis.typing import EncodableT, FieldT

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.audience import Audience
from benchmarks.harness.checkout import sides
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import PREFERRED_REGIME, fill, regime_observation
from benchmarks.harness.measure import Direction, Hold, Measure, Of
from benchmarks.harness.programs import floor, service
from benchmarks.harness.report import report
from benchmarks.harness.subscription import READ_WITHIN_S, first_advice
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.revisions.log_keys import LogKeys

_FLOOR = "floor"
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


def adding_observations(client: redis.Redis, prefix: str, seed: int) -> Callable[[], object]:
    """Return what makes a change of a service: it adds an observation to its inputs."""
    random_numbers, key = random.Random(seed), keys.key_of(prefix, keys.META_REGIME)
    return lambda: client.xadd(key, regime_observation(random_numbers, PREFERRED_REGIME))


def _adding_to_bare_log(client: redis.Redis, entry: dict[FieldT, EncodableT]) -> Callable[[], object]:
    def add() -> None:
        with client.pipeline(transaction=True) as pipeline:
            pipeline.xadd(f"{_FLOOR}:log", entry, maxlen=1_000)
            pipeline.publish(_FLOOR_EVENTS, bytes(250))
            pipeline.execute()

    return add


def _measure(url: str, servers: Mapping[str, Child], options: argparse.Namespace) -> dict[str, list[Served]]:
    """Return what each side did, round by round."""
    with ExitStack() as stack:
        client = stack.enter_context(redis.Redis.from_url(url, protocol=2))
        (_, entry), *_ = client.xrevrange(LogKeys.under("ours").log, count=1)
        audiences = {}
        for name, server in servers.items():
            events = stack.enter_context(client.pubsub())
            events.subscribe(_FLOOR_EVENTS if name == _FLOOR else LogKeys.under(name).events)
            audience = stack.enter_context(Audience(server.grpc_address, options.streams, options.connections))
            adding = (
                _adding_to_bare_log(client, entry)
                if name == _FLOOR
                else adding_observations(client, name, options.seed)
            )
            audiences[name] = Side(server, audience, events, adding)
        for side in audiences.values():
            side.changes(_WARM_UP_CHANGES)
        served: dict[str, list[Served]] = {name: [] for name in audiences}
        for _ in range(options.rounds):
            for name, side in audiences.items():
                served[name].append(side.changes(options.changes))
        return served


def _run(options: argparse.Namespace) -> dict[str, list[Served]]:
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedRedis())
        servers: dict[str, Child] = {}
        for name, source in sides(options.against).items():
            with redis.Redis.from_url(server.url) as client:
                fill(client, random.Random(options.seed), name)
            servers[name] = stack.enter_context(
                service(server.url, source, key_prefix=name, max_subscribers=str(options.streams + 1), peer_share="1")
            )
            asyncio.run(first_advice(servers[name].grpc_address))
        feedback = asyncio.run(first_advice(servers["ours"].grpc_address)).SerializeToString()
        servers[_FLOOR] = stack.enter_context(floor("bare_broadcast", server.url, _FLOOR, feedback.hex()))
        return _measure(server.url, servers, options)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=9)
    parser.add_argument("--streams", type=positive, default=1_000, help="subscribers of each server")
    parser.add_argument("--connections", type=positive, default=10, help="connections that they share")
    parser.add_argument("--changes", type=positive, default=5, help="changes for each server in each round")
    options = parser.parse_args()
    served = _run(options)
    report(
        options.json,
        f"One change to {options.streams:,} subscribers on {options.connections} connections",
        [
            Measure.of(
                "last subscriber served", "ms", served, lambda each: each.last_ms, Hold(Direction.AT_MOST, 1.10)
            ),
            Measure.of(
                "server's CPU per subscriber", "µs", served, lambda each: each.cpu_us, Hold(Direction.AT_MOST, 1.25)
            ),
            Measure.of(
                "server's resident memory",
                "MiB",
                served,
                lambda each: each.resident_mib,
                Hold(Direction.AT_MOST, 105, Of.OURS),
            ),
        ],
        [f"The median of {options.changes} changes counts in each round. The service's CPU includes its sync cycle."],
    )


if __name__ == "__main__":
    main()
