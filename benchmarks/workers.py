"""GetFeedback of two workers beside one, and of two bare grpc.aio servers on one port beside one of them.

The load comes from h2load, a program in C, on a core of its own where there is one. On two cores it takes its share of
the two that two workers have, and of none that one worker has; what it takes is a row.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import redis

from benchmarks.get_feedback import answer, least_bytes
from benchmarks.harness import h2load
from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import fill
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import floor, service
from benchmarks.harness.report import report
from benchmarks.harness.rounds import in_turn
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

_METHOD = "/strategic_memory.v1.StrategicMemoryService/GetFeedback"


@dataclass(frozen=True, slots=True)
class Rate:
    """What the servers on one port did in one round.

    Attributes:
        per_s: requests answered per second.
        cpu_us: their processor time for each of them, microseconds.
        busy: how many cores they used.
        busiest: share of that of the one that used most.
        load_busy: how much of a core the load generator used.
    """

    per_s: float
    cpu_us: float
    busy: float
    busiest: float
    load_busy: float


@dataclass(frozen=True, slots=True)
class Port:
    """What serves on one port, and which cores ask it."""

    servers: tuple[Child, ...]
    asking: Collection[int]

    def rate(self, length: int, clients: int, seconds: int) -> Rate:
        """Ask for so long."""
        before_s, started_s = self._cpus_s(), time.perf_counter()
        asked = h2load.load(self.servers[0].grpc_address, _METHOD, length, clients, seconds, self.asking)
        elapsed_s = time.perf_counter() - started_s
        used_s = [after - before for after, before in zip(self._cpus_s(), before_s, strict=True)]
        whole_s = sum(used_s)
        cpu_us, busy = whole_s / asked.answered * 1e6, whole_s / elapsed_s
        return Rate(asked.per_s, cpu_us, busy, max(used_s) / whole_s, asked.cpu_s / elapsed_s)

    def _cpus_s(self) -> list[float]:
        return [used_s for server in self.servers for used_s in server.cpus_s()]


def _ports(stack: ExitStack, url: str, seed: int) -> tuple[int, dict[str, Port]]:
    """Return the length of an answer, bytes, and the four that are compared."""
    first, second, *others = sorted(os.sched_getaffinity(0))
    # One server has the first core. Two have both, with the load where there is no third.
    apart, together = (others[:1], others[:1]) if others else ([second], [first, second])
    with redis.Redis.from_url(url) as client:
        for prefix in ("one", "two"):
            fill(client, random.Random(seed), prefix)
    one = stack.enter_context(service(url, cores=[first], key_prefix="one", caller_rate="1000000"))
    two = stack.enter_context(service(url, cores=[first, second], key_prefix="two", workers="2", caller_rate="1000000"))
    response = asyncio.run(answer(one.grpc_address))
    asyncio.run(answer(two.grpc_address))
    hexadecimal = response.SerializeToString().hex()
    bare = stack.enter_context(floor("bare_get_feedback", hexadecimal, cores=[first]))
    shared = stack.enter_context(floor("bare_get_feedback", hexadecimal, "127.0.0.1:0", cores=[first, second]))
    beside = stack.enter_context(floor("bare_get_feedback", hexadecimal, shared.grpc_address, cores=[first, second]))
    return least_bytes(response), {
        "one": Port((one,), apart),
        "two": Port((two,), together),
        "bare one": Port((bare,), apart),
        "bare two": Port((shared, beside), together),
    }


def _run(options: argparse.Namespace) -> Mapping[str, list[Rate]]:
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedRedis())
        length, ports = _ports(stack, server.url, options.seed)
        asked = {name: partial(each.rate, length, options.clients, options.seconds) for name, each in ports.items()}
        return in_turn(asked, options.rounds)


def main() -> int:
    """Measure and print; 1 where it cannot be measured."""
    parser = arguments(__doc__, rounds=11, compares=False)
    parser.add_argument("--clients", type=positive, default=64, help="clients, each with a connection and a call")
    parser.add_argument("--seconds", type=positive, default=1, help="time for each server in each round, seconds")
    options = parser.parse_args()
    if not h2load.is_there() or len(os.sched_getaffinity(0)) < 2:
        sys.stderr.write("workers: needs two cores, and h2load and taskset (Debian: nghttp2-client, util-linux)\n")
        return 1
    rates = _run(options)
    ours = {"ours": rates["two"], "floor": rates["one"]}
    bare = {"ours": rates["bare two"], "floor": rates["bare one"]}
    report(
        options.json,
        f"GetFeedback of two workers (ours) beside one (floor), {options.clients} clients of h2load in a closed loop",
        [
            Measure.of("requests answered", "/s", ours, lambda rate: rate.per_s, Hold(Direction.AT_LEAST, 1.7)),
            Measure.of("the same of two bare servers beside one", "/s", bare, lambda rate: rate.per_s),
            Measure.of("workers' CPU per request", "µs", ours, lambda rate: rate.cpu_us),
            Measure.of("workers' use of cores", "", ours, lambda rate: rate.busy),
            Measure.of("bare servers' use of cores", "", bare, lambda rate: rate.busy),
            Measure.of("load generator's use of a core", "", ours, lambda rate: rate.load_busy),
            Measure.of("the busier worker's share of the work", "", {"ours": rates["two"]}, lambda rate: rate.busiest),
        ],
        [f"{len(os.sched_getaffinity(0))} cores: {'the load has one of its own' if _has_third() else _SHARED}."],
    )
    return 0


_SHARED = "the load takes a part of those of two workers, and none of that of one"


def _has_third() -> bool:
    return len(os.sched_getaffinity(0)) > 2


if __name__ == "__main__":
    sys.exit(main())
