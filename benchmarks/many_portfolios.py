"""From an entry to its subscriber with 200 portfolios in one process, each with an entry a second, beside one alone.

Each portfolio has a stream of its own, on a connection of its own, and an entry after half a second to one and a half,
each of which changes its advice. The service with many and the one with one portfolio are processes of their own on one
Redis, and are measured in turn, so that neither takes the other's processor time.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from statistics import median, quantiles

import redis as synchronous
import redis.asyncio as redis

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import PREFERRED_REGIME, fill, regime_observation
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import service
from benchmarks.harness.report import report
from benchmarks.harness.subscription import FeedbackSubscription
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries import input_keys as keys

_DISTANCE_S = (0.5, 1.5)
_WARM_UP_S = 5.0


@dataclass(frozen=True, slots=True)
class Side:
    """A service, and a stream of each of its portfolios, by the prefix of its keys."""

    server: Child
    streams: Mapping[str, FeedbackSubscription]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was measured in one round: the time of each entry, ms, and the processor time for it, ms."""

    times_ms: Sequence[float]
    cpu_ms: float


async def _entries(
    client: redis.Redis, prefix: str, stream: FeedbackSubscription, numbers: random.Random, seconds: float
) -> list[float]:
    """Add entries to one portfolio for so many seconds; the time of each until the subscriber has heard, ms."""
    times_ms: list[float] = []
    ends_s = time.perf_counter() + seconds
    while True:
        await asyncio.sleep(numbers.uniform(*_DISTANCE_S))
        if time.perf_counter() > ends_s:
            return times_ms
        while stream.has_next:
            await stream.next_feedback()
        added_s = time.perf_counter()
        await client.xadd(keys.key_of(prefix, keys.META_REGIME), regime_observation(numbers, PREFERRED_REGIME))
        times_ms.append(((await stream.next_feedback()).at_s - added_s) * 1_000)


async def _round(client: redis.Redis, side: Side, seed: int, seconds: float) -> Heard:
    before_s = side.server.cpu_s()
    heard = await asyncio.gather(
        *(
            _entries(client, prefix, stream, random.Random(f"{seed} {prefix}"), seconds)
            for prefix, stream in side.streams.items()
        )
    )
    times_ms = [each for of_portfolio in heard for each in of_portfolio]
    return Heard(times_ms, (side.server.cpu_s() - before_s) / len(times_ms) * 1_000)


async def _measure(
    url: str, servers: Mapping[str, tuple[Child, Sequence[str]]], options: argparse.Namespace
) -> dict[str, list[Heard]]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(redis.Redis.from_url(url, protocol=2))
        sides: dict[str, Side] = {}
        for name, (server, portfolios) in servers.items():
            streams = {}
            for portfolio in portfolios:
                stream = await stack.enter_async_context(FeedbackSubscription(server.grpc_address, portfolio))
                while not (await stream.next_feedback()).feedback.revision:
                    pass
                streams[f"{name}:{portfolio}"] = stream
            sides[name] = Side(server, streams)
            await _round(client, sides[name], options.seed, _WARM_UP_S)
        rounds: dict[str, list[Heard]] = {name: [] for name in sides}
        for number in range(options.rounds):
            for name, side in sides.items():
                rounds[name].append(await _round(client, side, options.seed + number + 1, options.seconds))
        return rounds


def _run(options: argparse.Namespace) -> dict[str, list[Heard]]:
    named = {"ours": [f"desk-{number:03}" for number in range(options.portfolios)], "floor": ["alone"]}
    with ExitStack() as stack:
        url = stack.enter_context(EmbeddedRedis()).url
        with synchronous.Redis.from_url(url) as client:
            for name, portfolios in named.items():
                for portfolio in portfolios:
                    fill(client, random.Random(options.seed), f"{name}:{portfolio}")
        servers = {}
        for name, portfolios in named.items():
            started = service(
                url,
                key_prefix=name,
                portfolios=",".join(portfolios),
                portfolio_prefix=f"{name}:{{portfolio}}",
                max_subscribers=str(options.portfolios + 10),
                peer_share="1",
            )
            servers[name] = stack.enter_context(started), portfolios
        return asyncio.run(_measure(url, servers, options))


def _p95(heard: Heard) -> float:
    return quantiles(heard.times_ms, n=20, method="inclusive")[18]


def _rows(rounds: Mapping[str, list[Heard]], portfolios: int) -> Iterator[Measure]:
    what = f"an entry of {portfolios} portfolios beside one alone"
    hold = Hold(Direction.AT_MOST, 1.3)
    yield Measure.of(f"{what}: median", "ms", rounds, lambda heard: median(heard.times_ms), hold)
    yield Measure.of(f"{what}: p95", "ms", rounds, _p95)
    yield Measure.of(f"{what}: CPU of the service", "ms", rounds, lambda heard: heard.cpu_ms)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=3, compares=False)
    parser.add_argument("--portfolios", type=positive, default=200, help="portfolios of the service with many")
    parser.add_argument("--seconds", type=positive, default=15, help="seconds of each side in a round")
    options = parser.parse_args()
    rounds = _run(options)
    title = f"{options.portfolios} portfolios, each with an entry a second, {options.seconds} s a round"
    notes = ["the floor: the same service with one portfolio; the services take turns."]
    report(options.json, title, list(_rows(rounds, options.portfolios)), notes)


if __name__ == "__main__":
    main()
