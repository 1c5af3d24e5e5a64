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
from dataclasses import dataclass
from typing import Any

import grpc
import redis

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.callers import Callers
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import fill
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import floor, service
from benchmarks.harness.report import print_report
from benchmarks.harness.subscription import first_advice
from strategic_memory.v1 import service_pb2, service_pb2_grpc
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis

_METHOD = "/strategic_memory.v1.StrategicMemoryService/GetFeedback"
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


def _rate(server: Child, callers: Callers, seconds: float) -> Rate:
    callers.ask_for(_WARM_UP_S)
    cpu_before_s, started_s = server.cpu_s(), time.perf_counter()
    answered = callers.ask_for(seconds)
    elapsed_s, cpu_s = time.perf_counter() - started_s, server.cpu_s() - cpu_before_s
    return Rate(answered / elapsed_s, cpu_s / answered * 1e6, cpu_s / elapsed_s)


async def _answer(address: str) -> service_pb2.GetFeedbackResponse:
    """Give what the service answers once it has published."""
    await first_advice(address)
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = service_pb2_grpc.StrategicMemoryServiceStub(channel)
        response: service_pb2.GetFeedbackResponse = await stub.GetFeedback(service_pb2.GetFeedbackRequest())
        return response


def _alternate(ours: Child, bare: Child, least_bytes: int, options: argparse.Namespace) -> list[tuple[Rate, Rate]]:
    with (
        Callers(ours.grpc_address, _METHOD, least_bytes, options.callers) as our_callers,
        Callers(bare.grpc_address, _METHOD, least_bytes, options.callers) as bare_callers,
    ):
        return [
            (_rate(ours, our_callers, options.seconds), _rate(bare, bare_callers, options.seconds))
            for _ in range(options.rounds)
        ]


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=21)
    parser.add_argument("--callers", type=positive, default=16, help="concurrent callers")
    parser.add_argument("--seconds", type=float, default=0.5, help="time for each server in each round, seconds")
    options = parser.parse_args()
    with EmbeddedRedis() as server:
        with redis.Redis.from_url(server.url) as client:
            fill(client, random.Random(options.seed))
        with service(server.url) as ours:
            response = asyncio.run(_answer(ours.grpc_address))
            # The time of sending takes more bytes or less.
            least = response.ByteSize() - response.sent_at.ByteSize()
            with floor("bare_get_feedback", response.SerializeToString().hex()) as bare:
                rates = _alternate(ours, bare, least, options)
    mine, plain = [rate for rate, _ in rates], [rate for _, rate in rates]
    print_report(
        f"GetFeedback, {options.callers} callers in a closed loop, an answer of {response.ByteSize()} bytes",
        [
            Measure(
                "requests answered",
                "/s",
                [rate.per_s for rate in mine],
                [rate.per_s for rate in plain],
                Hold(Direction.AT_LEAST, 0.95),
            ),
            Measure("server's CPU per request", "µs", [rate.cpu_us for rate in mine], [rate.cpu_us for rate in plain]),
            Measure("server's use of a core", "", [rate.busy for rate in mine], [rate.busy for rate in plain]),
        ],
    )


if __name__ == "__main__":
    main()
