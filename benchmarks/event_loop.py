"""GetFeedback of the service on uvloop, beside the service and a bare grpc.aio server on the loop of asyncio.

As `get_feedback`, whose servers all run on the loop of asyncio.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec

import redis

from benchmarks.get_feedback import METHOD, Asked, Rate, answer, least_bytes
from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.callers import Callers
from benchmarks.harness.inputs import fill
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import floor, service
from benchmarks.harness.report import report
from benchmarks.harness.rounds import in_turn
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

_LOOPS = ("uvloop", "asyncio")


def _run(options: argparse.Namespace) -> Mapping[str, list[Rate]]:
    """Return the rates of the service and of the bare server on each loop, round by round."""
    with ExitStack() as stack:
        url = stack.enter_context(EmbeddedRedis()).url
        servers = {}
        for loop in _LOOPS:
            with redis.Redis.from_url(url) as client:
                fill(client, random.Random(options.seed), loop)
            child = service(url, key_prefix=loop, caller_rate="1000000", event_loop=loop)
            servers[loop] = stack.enter_context(child)
        response, _ = [asyncio.run(answer(servers[loop].grpc_address)) for loop in _LOOPS]
        for loop in _LOOPS:
            bare = floor("bare_get_feedback", response.SerializeToString().hex(), "", loop)
            servers[f"bare {loop}"] = stack.enter_context(bare)
        asked = {
            name: Asked(
                child,
                stack.enter_context(Callers(child.grpc_address, METHOD, least_bytes(response), options.callers)),
            )
            for name, child in servers.items()
        }
        return in_turn({name: partial(each.rate, options.seconds) for name, each in asked.items()}, options.rounds)


def main() -> int:
    """Measure and print; 1 where uvloop is not installed."""
    parser = arguments(__doc__, rounds=15, compares=False)
    parser.add_argument("--callers", type=positive, default=16, help="concurrent callers")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each server in each round, seconds")
    options = parser.parse_args()
    if find_spec("uvloop") is None:
        sys.stderr.write("event_loop: needs uvloop (pip install uvloop)\n")
        return 1
    rates = _run(options)
    beside_bare = {"ours": rates["uvloop"], "floor": rates["bare asyncio"]}
    beside_ours = {"ours": rates["uvloop"], "floor": rates["asyncio"]}
    bare = {"ours": rates["bare uvloop"], "floor": rates["bare asyncio"]}
    report(
        options.json,
        f"GetFeedback of the service on uvloop (ours), {options.callers} callers in a closed loop",
        [
            Measure.of("beside the bare server on asyncio", "/s", beside_bare, _per_s, Hold(Direction.AT_LEAST, 1.15)),
            Measure.of("beside the service on asyncio", "/s", beside_ours, _per_s),
            Measure.of("the bare server on uvloop beside asyncio", "/s", bare, _per_s),
            Measure.of("CPU per request, beside the bare server on asyncio", "µs", beside_bare, _cpu_us),
            Measure.of("CPU per request, beside the service on asyncio", "µs", beside_ours, _cpu_us),
            Measure.of("CPU per request, the bare server on uvloop beside asyncio", "µs", bare, _cpu_us),
        ],
    )
    return 0


def _per_s(rate: Rate) -> float:
    return rate.per_s


def _cpu_us(rate: Rate) -> float:
    return rate.cpu_us


if __name__ == "__main__":
    sys.exit(main())
