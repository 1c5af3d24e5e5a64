"""GetFeedback requests per second, against a bare typed grpc.aio method that returns the same message.

Closed loop: several callers in this process each wait for an answer before they ask again; each server is a process of
its own. The rate says something about a server only while the server is what limits it, so its use of a core is shown
too, and its processor time for one request, which does not depend on who else is busy.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
import redis

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.callers import Callers
from benchmarks.harness.checkout import sides
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import fill
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import floor, service
from benchmarks.harness.report import report
from benchmarks.harness.rounds import in_turn
from benchmarks.harness.subscription import first_advice
from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

METHOD = "/strategic_memory.v1.StrategicMemoryService/GetFeedback"
_FLOOR = "floor"
_WARM_UP_S = 0.1


@dataclass(frozen=True, slots=True)
class Rate:
    """What one server did in one round.

    Attributes:
        per_s: requests answered per second.
        cpu_us: the server's processor time for each of them, microseconds.
        busy: share of the time in which the server used a processor.
    """

    per_s: float
    cpu_us: float
    busy: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A server, and who asks it."""

    server: Child
    callers: Callers

    def rate(self, seconds: float) -> Rate:
        """Ask for so long."""
        self.callers.ask_for(_WARM_UP_S)
        cpu_before_s, started_s = self.server.cpu_s(), time.perf_counter()
        answered = self.callers.ask_for(seconds)
        elapsed_s, cpu_s = time.perf_counter() - started_s, self.server.cpu_s() - cpu_before_s
        return Rate(answered / elapsed_s, cpu_s / answered * 1e6, cpu_s / elapsed_s)


async def answer(address: str) -> service_pb2.GetFeedbackResponse:
    """Return what the service answers once it has published."""
    await first_advice(address)
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = service_pb2_grpc.StrategicMemoryServiceStub(channel)
        response: service_pb2.GetFeedbackResponse = await stub.GetFeedback(service_pb2.GetFeedbackRequest())
        return response


def least_bytes(response: service_pb2.GetFeedbackResponse) -> int:
    """Return the least length of an answer that says the same, bytes."""
    # The time of sending takes more bytes or less.
    return response.ByteSize() - response.sent_at.ByteSize()


def _run(options: argparse.Namespace) -> tuple[int, Mapping[str, list[Rate]]]:
    """Return the length of our answer, bytes, and the rates of each side, round by round."""
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedRedis())
        asked: dict[str, Asked] = {}
        responses: dict[str, service_pb2.GetFeedbackResponse] = {}

        def ask(side: str, child: Child, response: service_pb2.GetFeedbackResponse) -> None:
            callers = Callers(child.grpc_address, METHOD, least_bytes(response), options.callers)
            asked[side] = Asked(child, stack.enter_context(callers))

        for side, source in sides(options.against).items():
            with redis.Redis.from_url(server.url) as client:
                fill(client, random.Random(options.seed), side)
            child = stack.enter_context(service(server.url, source, key_prefix=side, caller_rate="1000000"))
            responses[side] = asyncio.run(answer(child.grpc_address))
            ask(side, child, responses[side])
        ours = responses["ours"]
        ask(_FLOOR, stack.enter_context(floor("bare_get_feedback", ours.SerializeToString().hex())), ours)
        measured = {side: partial(each.rate, options.seconds) for side, each in asked.items()}
        return ours.ByteSize(), in_turn(measured, options.rounds)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=15)
    parser.add_argument("--callers", type=positive, default=16, help="concurrent callers")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each server in each round, seconds")
    options = parser.parse_args()
    length, rates = _run(options)
    report(
        options.json,
        f"GetFeedback, {options.callers} callers in a closed loop, an answer of {length} bytes",
        [
            Measure.of("requests answered", "/s", rates, lambda rate: rate.per_s, Hold(Direction.AT_LEAST, 0.97)),
            Measure.of(
                "server's CPU per request", "µs", rates, lambda rate: rate.cpu_us, Hold(Direction.AT_MOST, 1.05)
            ),
            Measure.of("server's use of a core", "", rates, lambda rate: rate.busy),
        ],
    )


if __name__ == "__main__":
    main()
