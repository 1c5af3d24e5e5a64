"""The first reading of windows of a million entries, against XRANGE alone over the same streams.

The service runs as a process of its own. What counts is the time between two lines of its log: the one that says that
it serves, when it begins to read, and that of the cycle that knows every entry. The floor reads the same entries page
by page with the same Redis client, and drops them. All three windows have the same length. The servers follow one
another on the same inputs; what one has written is deleted before the next.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

import redis as synchronous
import redis.asyncio as redis

from benchmarks.harness.arguments import arguments, positive
from benchmarks.harness.checkout import Checkout, sides
from benchmarks.harness.inputs import fill
from benchmarks.harness.long_streams import lengthen
from benchmarks.harness.measure import Direction, Hold, Measure
from benchmarks.harness.programs import service
from benchmarks.harness.report import report
from strategic_memory_server.embedded.embedded_redis import EmbeddedRedis
from strategic_memory_server.entries import input_keys as keys
from strategic_memory_server.redis_access.redis_replies import StreamEntries

_PREFIX = "quantum"
_PAGE = 1_000
_READ_WITHIN_S = 120.0
_POLL_S = 0.05
_COMPLETED = "Memory sync iteration complete"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the first reading took the reader, seconds; Redis has a processor time of its own."""

    elapsed_s: float
    cpu_s: float


def _by_service(client: synchronous.Redis, url: str, source: Checkout, entries: int) -> Reading:
    """Let a service read for the first time."""
    kept = {keys.key_of(_PREFIX, each).encode() for each in (*keys.VALUE_SOURCES, *keys.STREAM_SOURCES)}
    for key in client.scan_iter():
        if key not in kept:
            client.delete(key)
    window = str(entries)
    with service(
        url, source, key_prefix=_PREFIX, regime_window=window, portfolio_window=window, trade_window=window
    ) as child:
        deadline, cpu_before_s = time.monotonic() + _READ_WITHIN_S, child.cpu_s()
        while time.monotonic() < deadline:
            if (read_s := _reading_s(child.log, entries * len(keys.STREAM_SOURCES))) is not None:
                return Reading(read_s, child.cpu_s() - cpu_before_s)
            time.sleep(_POLL_S)
    raise TimeoutError(f"the service has not read {entries:,} entries of each stream within {_READ_WITHIN_S:g} s")


def _reading_s(log: Path, samples: int) -> float | None:
    """Return the seconds from the beginning to the cycle that knows so many entries; None when it has not come."""
    began: datetime | None = None
    for text in log.read_text(errors="replace").split("\n")[:-1]:
        line = json.loads(text) if text.startswith("{") else {}
        if "grpc_address" in line:
            began = datetime.fromisoformat(line["timestamp"])
        if began is not None and line.get("event") == _COMPLETED and line["samples"] >= samples:
            return (datetime.fromisoformat(line["timestamp"]) - began).total_seconds()
    return None


async def _by_xrange(url: str) -> Reading:
    """Read all entries of the three streams."""
    async with redis.Redis.from_url(url, protocol=2) as client:
        started_s, cpu_before_s = time.perf_counter(), time.process_time()
        for source in keys.STREAM_SOURCES:
            after = b"-"
            while page := cast("StreamEntries", await client.xrange(keys.key_of(_PREFIX, source), after, count=_PAGE)):
                after = b"(" + page[-1][0]
        return Reading(time.perf_counter() - started_s, time.process_time() - cpu_before_s)


def _run(options: argparse.Namespace) -> dict[str, list[Reading]]:
    with EmbeddedRedis() as server, synchronous.Redis.from_url(server.url) as client:
        random_numbers = random.Random(options.seed)
        fill(client, random_numbers, _PREFIX)
        lengthen(client, options.entries, random_numbers, _PREFIX)
        checkouts = sides(options.against)
        taken: dict[str, list[Reading]] = {side: [] for side in ("floor", *checkouts)}
        for _ in range(options.rounds):
            taken["floor"].append(asyncio.run(_by_xrange(server.url)))
            for side, source in checkouts.items():
                taken[side].append(_by_service(client, server.url, source, options.entries))
        return taken


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rounds=1)
    parser.add_argument("--entries", type=positive, default=1_000_000, help="length of each window")
    options = parser.parse_args()
    taken = _run(options)
    report(
        options.json,
        f"First reading of three windows of {options.entries:,} entries; the floor is XRANGE alone",
        [
            Measure.of("time", "s", taken, lambda each: each.elapsed_s, Hold(Direction.AT_MOST, 1.3)),
            Measure.of("reader's processor time", "s", taken, lambda each: each.cpu_s),
        ],
    )


if __name__ == "__main__":
    main()
