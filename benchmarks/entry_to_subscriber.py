"""From the XADD of one entry until a subscriber has the new feedback, against the bare chain.

Entries of each kind, to a subscriber of the server that leads and to one of a server that stands by, with the evidence
in charge. The bare chain is XADD, XREAD BLOCK, pipelined read of the inputs, pipelined write with PUBLISH, XREAD BLOCK,
gRPC push of a small message, in one process (`floors/bare_chain.py`). This process adds the entries, holds one stream
of each chain and reads one clock; services, chain and Redis are processes of their own, and each chain has inputs and a
log of its own. Entries come at random distances, those of one chain further apart than the shortest time between two
syncs.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from statistics import median, quantiles

import redis as synchronous
import redis.asyncio as redis

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.checkout import Checkout, sides
from benchmarks.harness.child import Child
from benchmarks.harness.inputs import PREFERRED_REGIME, Entry, fill, portfolio_entry, regime_observation, trade_result
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import floor, service
from benchmarks.harness.report import report
from benchmarks.harness.subscription import FeedbackSubscription, first_advice
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries import input_keys as keys

_FLOOR, _LEADER, _STANDBY = "floor", "leader", "standby"
_DISTANCE_S = (0.03, 0.05)
_WARM_UP_ENTRIES = 5
_POLL_S = 60.0

_KINDS: Mapping[str, tuple[str, Callable[[random.Random, str], Entry]]] = {
    "trade": (keys.TRADE_RESULTS, trade_result),
    "observation": (keys.META_REGIME, regime_observation),
    "portfolio entry": (keys.PORTFOLIO_MEMORY, portfolio_entry),
}
"""Source and maker of each kind of entry, by what the table calls it."""

_MEDIAN_HOLDS = {("trade", _LEADER): 1.5, ("observation", _LEADER): 1.3, ("trade", _STANDBY): 1.9}
_MEDIAN_HOLDS[("observation", _STANDBY)] = 1.9
_P99_HOLDS = {("trade", _LEADER): 3.0}


@dataclass(frozen=True, slots=True)
class Chain:
    """One way from an entry to a subscriber."""

    name: str
    server: Child
    client: redis.Redis
    subscription: FeedbackSubscription
    random_numbers: random.Random
    unasked: list[str] = field(default_factory=list)

    async def time_one(self, kind: str) -> float:
        """Add one entry and wait for the feedback that it causes; ms."""
        while self.subscription.has_next:
            await self.subscription.next_feedback()
            self.unasked.append(kind)
        source, make = _KINDS[kind]
        entry = make(self.random_numbers, PREFERRED_REGIME)
        if source == keys.TRADE_RESULTS:
            entry["trade_id"] = f"{self.random_numbers.getrandbits(64):016x}"
        started_s = time.perf_counter()
        await self.client.xadd(keys.key_of(self.name, source), entry)
        arrived = await self.subscription.next_feedback()
        return (arrived.at_s - started_s) * 1_000


@dataclass(frozen=True, slots=True)
class Times:
    """What the entries of a run took.

    Attributes:
        rounds: by chain and kind, the times of each round, ms.
        cpu_ms: by chain and kind, the server's processor time for an entry, round by round, ms.
        changed_lead: chains whose server did not lead, or did not stand by, all the time.
        unasked: feedbacks that came without an entry of their own, by chain; they were not timed.
    """

    rounds: Mapping[tuple[str, str], list[list[float]]]
    cpu_ms: Mapping[tuple[str, str], list[float]]
    changed_lead: list[str]
    unasked: Mapping[str, int]

    def medians(self, chain: str, kind: str) -> list[float]:
        """Return the median of each round, ms; none for a chain that was not run."""
        return [median(times) for times in self.rounds.get((chain, kind), ())]

    def all_rounds(self, chain: str, kind: str) -> list[float]:
        """Return the times of all rounds together, ms."""
        return [time for times in self.rounds.get((chain, kind), ()) for time in times]


async def _measure(url: str, children: Mapping[str, Child], options: argparse.Namespace) -> Times:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(redis.Redis.from_url(url, protocol=2))
        distances = random.Random(options.seed)
        chains = []
        for name, child in children.items():
            subscription = await stack.enter_async_context(FeedbackSubscription(child.grpc_address))
            await subscription.next_feedback()
            chains.append(Chain(name, child, client, subscription, random.Random(options.seed)))
        rounds: dict[tuple[str, str], list[list[float]]] = {
            (chain.name, kind): [] for chain in chains for kind in _KINDS
        }
        cpu_ms: dict[tuple[str, str], list[float]] = {each: [] for each in rounds}
        for kind in ("observation", *_KINDS):
            await _round(chains, kind, _WARM_UP_ENTRIES, distances)
        for chain in chains:
            chain.unasked.clear()
        for _ in range(options.rounds):
            for kind in _KINDS:
                before_s = [chain.server.cpu_s() for chain in chains]
                times = await _round(chains, kind, options.entries, distances)
                for chain, then_s in zip(chains, before_s, strict=True):
                    rounds[chain.name, kind].append(times[chain.name])
                    cpu_ms[chain.name, kind].append((chain.server.cpu_s() - then_s) / options.entries * 1_000)
        changed_lead = [name for name, child in children.items() if _times_led(child) != name.endswith(_LEADER)]
        return Times(rounds, cpu_ms, changed_lead, {chain.name: len(chain.unasked) for chain in chains})


async def _round(chains: list[Chain], kind: str, entries: int, distances: random.Random) -> dict[str, list[float]]:
    """Time so many entries of each chain, ms. The chain that begins changes: none always follows the same other."""
    times: dict[str, list[float]] = {chain.name: [] for chain in chains}
    for number in range(entries):
        first = number % len(chains)
        for chain in chains[first:] + chains[:first]:
            await asyncio.sleep(distances.uniform(*_DISTANCE_S))
            times[chain.name].append(await chain.time_one(kind))
    return times


def _times_led(server: Child) -> int:
    """Return how often a server has begun to lead."""
    return server.log.read_text(errors="replace").count("Leadership gained")


def _start(stack: ExitStack, url: str, source: Checkout, side: str) -> Iterator[tuple[str, Child]]:
    """Start a server that leads, and on other keys one that stands by beside its leader; give the chains of both."""
    for place in (_LEADER, _STANDBY):
        name = f"{side}-{place}"
        child = stack.enter_context(service(url, source, key_prefix=name, rules="evidence"))
        asyncio.run(first_advice(child.grpc_address))
        if place == _STANDBY:
            child = stack.enter_context(service(url, source, key_prefix=name, rules="evidence"))
            asyncio.run(first_advice(child.grpc_address))
        yield name, child


def _run(options: argparse.Namespace) -> Times:
    checkouts = sides(options.against)
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedRedis())
        with synchronous.Redis.from_url(server.url) as client:
            for name in (_FLOOR, *(f"{side}-{place}" for side in checkouts for place in (_LEADER, _STANDBY))):
                fill(client, random.Random(options.seed), name)
        children = {_FLOOR: stack.enter_context(floor("bare_chain", server.url, _FLOOR))}
        for side, source in checkouts.items():
            children |= _start(stack, server.url, source, side)
        return asyncio.run(_measure(server.url, children, options))


def _p99(times: list[float]) -> list[float]:
    return [quantiles(times, n=100, method="inclusive")[98]] if times else []


def _rows(times: Times) -> Iterator[Measure]:
    for place in (_LEADER, _STANDBY):
        ours, theirs = f"ours-{place}", f"theirs-{place}"
        for kind in _KINDS:
            bound = _MEDIAN_HOLDS.get((kind, place))
            yield Measure(
                f"{kind}, {place}: median",
                "ms",
                times.medians(ours, kind),
                times.medians(_FLOOR, kind),
                times.medians(theirs, kind),
                None if bound is None else Hold(Direction.AT_MOST, bound),
            )
        for kind in _KINDS:
            bound = _P99_HOLDS.get((kind, place))
            yield Measure(
                f"{kind}, {place}: p99",
                "ms",
                _p99(times.all_rounds(ours, kind)),
                [median(times.all_rounds(_FLOOR, kind))],
                _p99(times.all_rounds(theirs, kind)),
                None if bound is None else Hold(Direction.AT_MOST, bound),
            )
    for kind in _KINDS:
        chains = (f"ours-{_LEADER}", _FLOOR, f"theirs-{_LEADER}")
        mine, bare, other = (times.cpu_ms.get((chain, kind), []) for chain in chains)
        yield Measure(f"{kind}, {_LEADER}: its CPU", "ms", mine, bare, other)


def _notes(times: Times) -> Iterator[str]:
    of_floor = [time for kind in _KINDS for time in times.all_rounds(_FLOOR, kind)]
    yield f"p99: over all rounds, beside the floor's median; the floor's own p99 is {_p99(of_floor)[0]:,.2f} ms."
    for name in times.changed_lead:
        yield f"{name}: the lead has changed hands meanwhile; its rows do not say what they are about."
    for name, count in times.unasked.items():
        if count:
            yield f"{name} sent {count} feedbacks more than there were entries; they were not timed."
    yield f"The loop this replaces polls every {_POLL_S:g} s: {_POLL_S / 2:g} s on average (computed, not measured)."


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--entries", type=positive, default=30, help="entries of each kind for each chain in a round")
    options = parser.parse_args()
    times = _run(options)
    title = f"New entry to subscriber, evidence in charge, {options.entries} entries of each kind a round"
    report(options.json, title, list(_rows(times)), list(_notes(times)))


if __name__ == "__main__":
    main()
