"""StageSettings: how a stage is set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaos.redis_under_test import RedisUnderTest


@dataclass(frozen=True, slots=True)
class StageSettings:
    """How a stage is set.

    Attributes:
        redis: starts the Redis.
        servers: how many servers.
        workers: how many processes each of them is; 1: it is one.
        proxied: whether a proxy stands between each server and Redis.
        lease_s: length of the lease, seconds.
        validity_s: how long an advice holds, seconds.
        command_timeout_s: how long Redis may take to answer, seconds. Where that is longer than a fault, what was in
            hand goes on after it as if nothing had happened.
        entries_every_s: mean time between two entries of the inputs, seconds.
        retained_revisions: length of the log.
        unread: subscribers at each server that never read, beside the others.
        counts_microseconds: whether the ids of trades and portfolio entries count microseconds.
        other_settings: environment of one more server, which has other settings than the others; it starts after them.
        lead_anyway: whether servers lead whatever the settings of the others.
        begins_with_previous: whether servers are of the previous version at first.
    """

    redis: Callable[[], RedisUnderTest]
    servers: int = 2
    workers: int = 1
    proxied: bool = False
    lease_s: float = 0.6
    validity_s: float = 60.0
    command_timeout_s: float = 0.5
    entries_every_s: float = 0.06
    retained_revisions: int = 10_000
    unread: int = 0
    counts_microseconds: bool = False
    other_settings: tuple[tuple[str, str], ...] = ()
    lead_anyway: bool = False
    begins_with_previous: bool = False
