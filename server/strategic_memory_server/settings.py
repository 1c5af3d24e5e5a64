"""Settings of the service as frozen values. They are read from environment and flags in `environment.py`, once."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from strategic_memory_server.advice.advice_settings import AdviceSettings
from strategic_memory_server.redis_access.redis_settings import RedisSettings

RECENT_REVISIONS = 256
"""Newest revisions that are kept in memory, unless a setting says otherwise."""

MIB = 1024 * 1024

MAX_REQUEST_BYTES = 16 * MIB
"""A million trades in the packed form have nearly as much."""

MAX_IN_HAND_BYTES = 24 * MIB
"""While a request of the largest size is analysed no other is received: so the service stays within 256 MiB."""

LARGEST_REQUEST_MIB = 96
"""Three tables of `MAX_WINDOW` entries have 68 MiB in the packed form, and 84 with 10,000 long names in each column."""

SHORTEST_HEARTBEAT_S = 0.1
LONGEST_HEARTBEAT_S = 3_600.0


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """When and upon what to advise.

    Attributes:
        interval_s: longest time from the start of a sync to the start of the next, seconds.
        reactive: whether new entries of the input streams start a sync too.
        debounce_s: wait for more after the first new entry, seconds; it joins what arrives together.
        floor_s: shortest time from the start of a sync to the start of one that new entries cause, seconds.
        validity_s: how long an advice holds after the sync that confirmed it, seconds.
        lease_s: how long the right to publish outlives a server that has gone away, seconds.
        lead_anyway: whether to publish though the feedback log was written under other settings.
        retry_s: wait before the first retry of a failed sync, seconds; it doubles up to the interval or 5 s.
        advice: upon what to advise.
    """

    interval_s: float = 60.0
    reactive: bool = True
    debounce_s: float = 0.0
    floor_s: float = 0.05
    validity_s: float = 180.0
    lease_s: float = 5.0
    lead_anyway: bool = False
    retry_s: float = 0.25
    advice: AdviceSettings = field(default_factory=AdviceSettings)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The feedback log.

    Attributes:
        retained_revisions: revisions kept in Redis.
        recent_revisions: newest revisions kept in memory.
    """

    retained_revisions: int = 10_000
    recent_revisions: int = RECENT_REVISIONS


@dataclass(frozen=True, slots=True)
class GrpcSettings:
    """The gRPC side.

    Attributes:
        address: host:port to listen on; port 0 takes a free one.
        heartbeat_s: longest silence on a stream whose subscriber does not say otherwise, seconds.
        max_subscribers: streams admitted at once.
        max_connection_age_s: after this time, more or less by a tenth, a connection takes no more calls, seconds.
        connection_grace_s: how long the calls in hand may last then before they are cut off, seconds.
        peer_share: share of them that one peer may take.
        max_request_bytes: largest request.
        max_in_hand_bytes: all requests for an analysis together that are in hand at once, at least the largest.
        stop_grace_s: longest wait for requests in hand when stopping, seconds.
    """

    address: str = "127.0.0.1:50051"
    heartbeat_s: float = 15.0
    max_subscribers: int = 5_000
    peer_share: float = 0.5
    max_connection_age_s: float = 3_600.0
    connection_grace_s: float = 10.0
    max_request_bytes: int = MAX_REQUEST_BYTES
    max_in_hand_bytes: int = MAX_IN_HAND_BYTES
    stop_grace_s: float = 2.0


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The HTTP side.

    Attributes:
        address: host:port to listen on; port 0 takes a free one.
        hosts: names under which it is reached, beside localhost and the host of the address; "*": any.
    """

    address: str = "127.0.0.1:8001"
    hosts: tuple[str, ...] = ()

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """The names, with the host of the address."""
        return (*self.hosts, self.address.rpartition(":")[0])


class Role(enum.Enum):
    """What a server does: sync whenever it leads, and serve; or serve alone."""

    SYNC = "sync"
    SERVE = "serve"


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Everything the service can be told."""

    role: Role = Role.SYNC
    redis: RedisSettings = field(default_factory=RedisSettings)
    sync: SyncSettings = field(default_factory=SyncSettings)
    log: LogSettings = field(default_factory=LogSettings)
    grpc: GrpcSettings = field(default_factory=GrpcSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
