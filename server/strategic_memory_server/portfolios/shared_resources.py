"""SharedResources: what all portfolios of a process work with, and what a Redis server is reached by."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import redis.asyncio as redis

from strategic_memory_server.faults.problems import Problems
from strategic_memory_server.inputs.cap_comparison import CapComparison
from strategic_memory_server.inputs.input_watcher import ENTRIES
from strategic_memory_server.monitoring.metrics import SyncMetrics
from strategic_memory_server.portfolios.groups import Groups
from strategic_memory_server.redis_access.redis_clock import RedisClock
from strategic_memory_server.redis_access.redis_connection import connect
from strategic_memory_server.redis_access.redis_settings import RedisSettings
from strategic_memory_server.redis_access.shared_trips import SharedTrips
from strategic_memory_server.redis_access.stream_reads import LANE_BLOCK_MS, Lanes
from strategic_memory_server.revisions.feedback_tail import BLOCK_MS
from strategic_memory_server.rpc.analyses.analysis_threads import AnalysisThreads
from strategic_memory_server.rpc.failed_reads import FailedReads
from strategic_memory_server.tls.served_certificates import ServedCertificates
from strategic_memory_server.tracing.tracing import Tracing

MOST_WAITING = 1_024
"""Connections on which entries are waited for, of logs and of inputs each: lanes, and those beside them."""


@dataclass(frozen=True, slots=True)
class RedisServer:
    """One server of Redis, and its time.

    Attributes:
        commands: for what is answered at once.
        blocking: for the readings of the log that wait.
        watching: for those of the inputs.
        clock: its clock.
        logs: wait for what comes in the logs of many portfolios together; None: each waits for itself.
        inputs: the same for their inputs.
        leases: ask for the leases of many portfolios together; None: each is asked for by itself.
        looks: ask for what else of theirs can wait a moment; they are not to wait behind each other.
    """

    commands: redis.Redis
    blocking: redis.Redis
    watching: redis.Redis
    clock: RedisClock
    logs: Lanes | None = None
    inputs: Lanes | None = None
    leases: SharedTrips | None = None
    looks: SharedTrips | None = None

    async def close(self) -> None:
        """Close the connections."""
        for lanes in (self.inputs, self.logs):
            if lanes is not None:
                await lanes.close()
        for client in (self.watching, self.blocking, self.commands):
            await client.aclose()


def reach(settings: RedisSettings, problems: Problems, *, is_shared: bool = False) -> RedisServer:
    """Make the clients of a server; nothing is connected yet.

    Args:
        settings: where it is.
        problems: is told of its clock.
        is_shared: whether many portfolios wait there for what comes.
    """
    longest_s = max(BLOCK_MS, LANE_BLOCK_MS) / 1000
    blocking = connect(settings, longest_block_s=longest_s, most=MOST_WAITING)
    watching = connect(settings, longest_block_s=longest_s, most=MOST_WAITING)
    commands = connect(settings)
    return RedisServer(
        commands,
        blocking,
        watching,
        RedisClock(problems),
        Lanes(blocking) if is_shared else None,
        Lanes(watching, ENTRIES) if is_shared else None,
        SharedTrips(commands) if is_shared else None,
        SharedTrips(commands) if is_shared else None,
    )


@dataclass(frozen=True, slots=True)
class SharedResources:
    """The rest.

    Attributes:
        server: name of this server among those on the same Redis.
        may_lead: tells whether this server ever leads a portfolio of a name; otherwise it serves that alone.
        problems: what operators are told of the process.
        caps: compares the caps of all portfolios.
        threads: where analyses are worked out.
        sync_metrics: count the cycles of all portfolios.
        tracing: is told of the work.
        portfolios: gives how many there are.
        broken: set when a task has ended by a fault of the program.
        http_refused: requests over HTTP that came too often, by path.
        log_failure: tells why the log of the service cannot be written just now; None while it can.
        groups: which portfolios borrow from each other.
        failed_reads: says in the log that Redis cannot be read for callers.
        certificates: what is shown to clients; None: connections are not encrypted.
    """

    server: str
    may_lead: Callable[[str], bool]
    problems: Problems
    caps: CapComparison
    threads: AnalysisThreads
    sync_metrics: SyncMetrics
    tracing: Tracing
    portfolios: Callable[[], int]
    broken: asyncio.Event
    http_refused: Counter[str]
    log_failure: Callable[[], str | None]
    certificates: ServedCertificates | None
    groups: Groups
    failed_reads: FailedReads = field(default_factory=FailedReads)
